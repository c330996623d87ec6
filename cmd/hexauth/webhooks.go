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
	// webhookWorkers send at the same time, so that one slow receiver does not hold up the others.
	webhookWorkers = 4
	webhookBatch   = 5
	// strayPause is how often a server without webhooks looks for events that wait for one that is no longer there.
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

// tellWebhooks returns the jobs that send events to webhooks. Where there are none, one job gives up what still waits for those that
// there were.
func tellWebhooks(
	cfg config.Config, store *bunstore.Store, clock port.Clock, meter *metrics.Metrics, tracing *telemetry.Telemetry, log *slog.Logger,
) (jobs []func(context.Context)) {
	receivers := map[string]webhook.Receiver{}
	for _, w := range cfg.Webhooks {
		receivers[w.Name()] = webhook.Receiver{URL: w.URL, Secret: w.Secret}
	}
	sender := webhook.New(webhook.Options{
		Receivers: receivers, Clock: clock, Private: cfg.Development || cfg.WebhooksPrivate,
		Around: func(via http.RoundTripper) http.RoundTripper { return tracing.Transport("webhook", via) },
		Encode: func(event domain.Event) ([]byte, error) { return webhook.Body(event, rest.EventOf(event)) },
	})
	messages := &usecase.DeliverMessages{
		Webhooks: tracing.Webhooks(meter.Webhooks(sender)), Outbox: store.WebhookOutbox(), Clock: clock, Journal: system.Journal{Log: log},
		Batch: webhookBatch, Lease: deliveryLease,
	}
	if len(cfg.Webhooks) == 0 {
		return []func(context.Context){deliver(messages, strayPause, log)}
	}
	for range webhookWorkers {
		jobs = append(jobs, deliver(messages, deliveryPause, log))
	}
	return jobs
}
