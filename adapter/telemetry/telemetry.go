package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/adapter/outgoing"
)

// scope names what makes the spans.
const scope = "github.com/hexauth/hexauth"

// closing is how long the last spans and numbers may take to leave.
const closing = 5 * time.Second

// Options say what is sent where. What else the standard knows (timeouts, certificates, compression, the sizes of batches) the
// libraries read from the process's environment by themselves.
type Options struct {
	Traces     string // URL that takes spans; "" for no traces
	Metrics    string // URL that takes metrics; "" for none
	Headers    string // of every request: key=value,key=value, percent-encoded; "" for none
	Service    string
	Version    string
	InstanceID string
	Attributes string // of the resource: key=value,key=value, percent-encoded
	Sampler    string // as OTEL_TRACES_SAMPLER names them; "" for parentbased_always_on
	Ratio      float64
	Interval   time.Duration // between two exports of metrics
	Log        *slog.Logger
}

// Telemetry sends spans and metrics. It is safe for concurrent use.
type Telemetry struct {
	options  Options
	headers  map[string]string
	resource *resource.Resource
	spans    *sdk.TracerProvider
	tracer   trace.Tracer
	metrics  *metric.MeterProvider
}

// Open returns nil when there is nothing to send. It does not connect.
func Open(ctx context.Context, o Options) (*Telemetry, error) {
	if o.Traces == "" && o.Metrics == "" {
		return nil, nil
	}
	t := &Telemetry{options: o}
	var err error
	if t.headers, err = parsePairs(o.Headers); err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS: %w", err)
	}
	if t.resource, err = resourceOf(ctx, o); err != nil {
		return nil, err
	}
	// The SDK reports its troubles, a collector that is away for instance, through this one global function.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		o.Log.Warn("telemetry could not be sent", "event", "telemetry_lost", "cause", outgoing.Cause(err).Error())
	}))
	if o.Traces == "" {
		return t, nil
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(o.Traces)}
	if len(t.headers) > 0 {
		options = append(options, otlptracehttp.WithHeaders(t.headers))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	return t, t.trace(sdk.NewBatchSpanProcessor(exporter))
}

// Recorder returns telemetry that hands every span to a processor and sends nothing, for tests.
func Recorder(processor sdk.SpanProcessor) *Telemetry {
	t := &Telemetry{resource: resource.Empty()}
	_ = t.trace(processor) // the sampler is the usual one
	return t
}

func (t *Telemetry) trace(processor sdk.SpanProcessor) error {
	sampler, err := samplerOf(t.options.Sampler, t.options.Ratio)
	if err != nil {
		return err
	}
	t.spans = sdk.NewTracerProvider(sdk.WithResource(t.resource), sdk.WithSampler(sampler), sdk.WithSpanProcessor(processor))
	t.tracer = t.spans.Tracer(scope, trace.WithInstrumentationVersion(t.options.Version))
	return nil
}

// Export sends what the gatherer has, now and then. It may be called once.
func (t *Telemetry) Export(ctx context.Context, gatherer prometheus.Gatherer) error {
	if t == nil || t.options.Metrics == "" {
		return nil
	}
	options := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpointURL(t.options.Metrics)}
	if len(t.headers) > 0 {
		options = append(options, otlpmetrichttp.WithHeaders(t.headers))
	}
	exporter, err := otlpmetrichttp.New(ctx, options...)
	if err != nil {
		return fmt.Errorf("export metrics: %w", err)
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithInterval(t.options.Interval),
		metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(gatherer))))
	t.metrics = metric.NewMeterProvider(metric.WithResource(t.resource), metric.WithReader(reader))
	return nil
}

// Close sends what has not left yet. A collector that is away holds it up for five seconds at most.
func (t *Telemetry) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	var failed error
	if t.spans != nil {
		failed = t.spans.Shutdown(ctx)
	}
	if t.metrics != nil {
		failed = errors.Join(failed, t.metrics.Shutdown(ctx))
	}
	if failed != nil {
		return outgoing.Cause(failed) // the collector's address can hold a token
	}
	return nil
}

// Tracer makes spans; nil when there are none.
func (t *Telemetry) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.tracer
}

func resourceOf(ctx context.Context, o Options) (*resource.Resource, error) {
	given, err := parsePairs(o.Attributes)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	attributes := []attribute.KeyValue{
		attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.InstanceID),
	}
	for key, value := range given {
		attributes = append(attributes, attribute.String(key, value))
	}
	if _, named := given["service.name"]; !named || o.Service != "" {
		attributes = append(attributes, attribute.String("service.name", orDefault(o.Service)))
	}
	return resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attributes...))
}

func orDefault(service string) string {
	if service == "" {
		return "hexauth"
	}
	return service
}

// samplerOf reads the names of OTEL_TRACES_SAMPLER.
func samplerOf(name string, ratio float64) (sdk.Sampler, error) {
	switch name {
	case "", "parentbased_always_on":
		return sdk.ParentBased(sdk.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdk.ParentBased(sdk.NeverSample()), nil
	case "parentbased_traceidratio":
		return sdk.ParentBased(sdk.TraceIDRatioBased(ratio)), nil
	case "always_on":
		return sdk.AlwaysSample(), nil
	case "always_off":
		return sdk.NeverSample(), nil
	case "traceidratio":
		return sdk.TraceIDRatioBased(ratio), nil
	}
	return nil, errors.New("OTEL_TRACES_SAMPLER: unknown")
}

// parsePairs reads key=value,key=value, percent-encoded, as OpenTelemetry writes headers and attributes. Errors don't repeat it.
func parsePairs(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !found || key == "" || err != nil {
			return nil, errors.New("must be like key=value,key=value, with percent-encoded values")
		}
		pairs[key] = decoded
	}
	return pairs, nil
}
