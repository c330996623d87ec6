package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/metrics"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/adapter/webhook"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

const (
	// webhookWorkers send to one receiver at the same time. Each receiver has its own, so that one that is slow holds up no other.
	webhookWorkers = 4
	webhookBatch   = 5
	// strayPause is how often somebody looks for events that wait for a receiver that is no longer there.
	strayPause = time.Minute
)

// webhooks are those who want to be told of events.
func webhooks(cfg config.Config) []domain.Webhook {
	var hooks []domain.Webhook
	for _, w := range cfg.Webhooks {
		hooks = append(hooks, domain.Webhook{Name: w.Name(), Filters: w.Events})
	}
	return hooks
}

// tellWebhooks returns the jobs that send events to webhooks, and one that gives up, in time, what waits for webhooks that there were.
func tellWebhooks(
	cfg config.Config, store *bunstore.Store, clock port.Clock, meter *metrics.Metrics, tracing *telemetry.Telemetry, log *slog.Logger,
) (jobs []func(context.Context)) {
	receivers, names := map[string]webhook.Receiver{}, []string(nil)
	for _, w := range cfg.Webhooks {
		names = append(names, w.Name())
		receivers[w.Name()] = webhook.Receiver{URL: w.URL, Secret: w.Secret}
	}
	sender := webhook.New(webhook.Options{
		Receivers: receivers, Clock: clock, Private: cfg.Development || cfg.WebhooksPrivate,
		Around: func(via http.RoundTripper) http.RoundTripper { return tracing.Transport("webhook", via) },
		Encode: func(event domain.Event) ([]byte, error) { return webhook.Body(event, rest.EventOf(event)) },
	})
	send := func(from port.Outbox, pause time.Duration) {
		jobs = append(jobs, deliver(&usecase.DeliverMessages{
			Webhooks: tracing.Webhooks(meter.Webhooks(sender)), Outbox: from, Clock: clock, Journal: system.Journal{Log: log},
			Batch: webhookBatch, Lease: deliveryLease,
		}, pause, log))
	}
	for _, name := range names {
		for range webhookWorkers {
			send(store.WebhookOutbox(name), deliveryPause)
		}
	}
	send(store.StrayOutbox(names), strayPause)
	return jobs
}
