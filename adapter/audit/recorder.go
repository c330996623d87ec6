package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	// Pause is how long an event waits for others before it is kept.
	Pause = 200 * time.Millisecond
	// Capacity is how many events wait at most.
	Capacity = 10_000

	batch       = 200 // events that are kept at once
	firstRetry  = 250 * time.Millisecond
	lastRetry   = 10 * time.Second
	lastMoments = 10 * time.Second // for what is still to be kept when the server stops
)

// Recorder implements port.Witness. Run must be running.
type Recorder struct {
	store port.Events
	log   *slog.Logger
	count func(domain.EventKind)
	queue chan port.Noted
	lost  atomic.Int64
}

var _ port.Witness = (*Recorder)(nil)

// New returns a recorder that keeps events in store, writes them to log, and has each counted.
func New(store port.Events, log *slog.Logger, count func(domain.EventKind)) *Recorder {
	return &Recorder{store: store, log: log, count: count, queue: make(chan port.Noted, Capacity)}
}

// Lost says how many events were not kept since the start because too many were waiting or the database refused them.
func (r *Recorder) Lost() int64 { return r.lost.Load() }

// Committed implements port.Witness.
func (r *Recorder) Committed(ctx context.Context, events ...domain.Event) {
	for _, event := range events {
		r.write(ctx, event)
	}
}

// Happened implements port.Witness.
func (r *Recorder) Happened(ctx context.Context, event domain.Event, noted port.Noted) {
	r.write(ctx, event)
	if noted.Empty() {
		return
	}
	select {
	case r.queue <- noted:
	default:
		r.lose(1, "too many wait")
	}
}

// write writes an event's line.
func (r *Recorder) write(ctx context.Context, e domain.Event) {
	r.count(e.Kind)
	attributes := []slog.Attr{slog.String("event", string(e.Kind)), slog.String("event_id", e.ID), slog.String("actor", string(e.Actor))}
	for _, optional := range []struct{ name, value string }{
		{"user_id", string(e.UserID)}, {"session_id", string(e.SessionID)}, {"method", string(e.Method)}, {"target", e.Target},
		{"reason", string(e.Reason)}, {"client_addr", e.Device.Address}, {"user_agent", e.Device.UserAgent}, {"request_id", e.RequestID},
	} {
		if optional.value != "" {
			attributes = append(attributes, slog.String(optional.name, optional.value))
		}
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "audit", attributes...)
}

// Run keeps what happens until ctx ends, and then what is left.
func (r *Recorder) Run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case first := <-r.queue:
			if len(r.queue) < batch { // otherwise there are enough already, and no end of them
				wait(ctx, Pause)
			}
			r.keep(ctx, r.gather(first))
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoments)
	defer cancel()
	for len(r.queue) > 0 {
		r.keep(last, r.gather(<-r.queue))
	}
}

// gather adds to first what waits by now.
func (r *Recorder) gather(first port.Noted) port.Noted {
	all := first
	for len(all.Kept)+len(all.Webhooks) < batch {
		select {
		case next := <-r.queue:
			all.Kept, all.Webhooks = append(all.Kept, next.Kept...), append(all.Webhooks, next.Webhooks...)
		default:
			return all
		}
	}
	return all
}

// keep tries until the database is back or, when the server stops meanwhile, for a few moments more.
func (r *Recorder) keep(ctx context.Context, noted port.Noted) {
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stopped := context.AfterFunc(ctx, func() { time.AfterFunc(lastMoments, cancel) })
	defer stopped()
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		err := r.store.Gather(whole, noted)
		switch {
		case err == nil, errors.Is(err, port.ErrTaken):
			return
		case !errors.Is(err, domain.Unavailable), whole.Err() != nil:
			r.lose(max(len(noted.Kept), len(noted.Webhooks)), err.Error())
			return
		}
		r.log.WarnContext(whole, "events can't be kept now; the next try follows", "event", "audit_delayed", "events", len(noted.Kept), "cause", err.Error())
		wait(whole, pause)
	}
}

// wait returns after a pause, or when ctx ends.
func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

func (r *Recorder) lose(events int, cause string) {
	r.lost.Add(int64(events))
	r.log.Error("events are in the log only", "event", "audit_lost", "events", events, "cause", cause)
}
