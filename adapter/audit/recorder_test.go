package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/audit"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// table is a port.Events that can be away, or slow.
type table struct {
	port.Events
	mu      sync.Mutex
	failure error
	slow    chan struct{} // nil: not slow
	calls   int
	kept    []string
}

func (s *table) Gather(ctx context.Context, noted port.Noted) error {
	if s.slow != nil {
		select {
		case <-s.slow:
		case <-ctx.Done():
			return domain.Unavailable
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.failure != nil {
		return s.failure
	}
	for _, event := range noted.Kept {
		s.kept = append(s.kept, event.ID)
	}
	return nil
}

func (s *table) fails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
}

func (s *table) has() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.kept...)
}

func happen(r *audit.Recorder, id string) {
	event := domain.Event{ID: id, Kind: domain.SignInFailed, Reason: domain.InvalidOTP, UserID: "u", Device: domain.Device{Address: "203.0.113.7"}}
	r.Happened(context.Background(), event, port.Noted{Kept: []domain.Event{event}})
}

// running starts a recorder and returns it and what stops it.
func running(store port.Events) (r *audit.Recorder, log *bytes.Buffer, stop func()) {
	log = &bytes.Buffer{}
	r = audit.New(store, slog.New(slog.NewTextHandler(log, nil)), func(domain.EventKind) {})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	return r, log, func() { cancel(); <-done }
}

func TestRecorder_AStoppedServerHasKeptEverything(t *testing.T) {
	store := &table{}
	r, log, stop := running(store)
	var want []string
	for i := range 1000 {
		want = append(want, fmt.Sprint(i))
		happen(r, want[i])
	}
	stop()
	require.Equal(t, want, store.has())
	require.Less(t, store.calls, 50, "many at a time")
	require.Zero(t, r.Lost())
	require.Contains(t, log.String(), "msg=audit event=sign_in.failed event_id=999 actor=\"\" user_id=u reason=invalid-otp client_addr=203.0.113.7")
}

func TestRecorder_KeepsUpWithAFlood(t *testing.T) {
	store := &table{}
	r, _, stop := running(store)
	defer stop()
	began := time.Now()
	for i := range audit.Capacity {
		happen(r, fmt.Sprint(i))
	}
	require.Eventually(t, func() bool { return len(store.has()) == audit.Capacity }, 30*time.Second, 5*time.Millisecond)
	require.Less(t, time.Since(began), 5*time.Second, "a pause after each batch would take ten")
	require.Zero(t, r.Lost())
}

func TestRecorder_WaitsForADatabaseThatIsAway(t *testing.T) {
	store := &table{failure: fmt.Errorf("%w: gone", domain.Unavailable)}
	r, _, stop := running(store)
	happen(r, "1")
	require.Eventually(t, func() bool { store.mu.Lock(); defer store.mu.Unlock(); return store.calls > 0 }, 30*time.Second, 10*time.Millisecond)
	happen(r, "2")
	store.fails(nil)
	stop()
	require.Equal(t, []string{"1", "2"}, store.has())
}

func TestRecorder_NobodyWaitsForASlowTableAndWhatIsTooMuchIsCounted(t *testing.T) {
	store := &table{slow: make(chan struct{})}
	r, _, stop := running(store)
	began := time.Now()
	for range audit.Capacity + 500 {
		happen(r, "x")
	}
	require.Less(t, time.Since(began), 5*time.Second)
	require.GreaterOrEqual(t, r.Lost(), int64(500-200), "one batch may be on its way to the table")
	close(store.slow)
	stop()
	require.Len(t, store.has(), audit.Capacity+500-int(r.Lost()))
}

func TestRecorder_EventsThatAreRefusedAreTold(t *testing.T) {
	store := &table{failure: errors.New("no such table")}
	r, log, stop := running(store)
	happen(r, "1")
	stop()
	require.Equal(t, int64(1), r.Lost())
	require.Contains(t, log.String(), "event=audit_lost")
}

func TestRecorder_WhatIsThereFromAnAttemptWhoseAnswerWasLostIsKept(t *testing.T) {
	r, _, stop := running(&table{failure: port.ErrTaken})
	happen(r, "1")
	stop()
	require.Zero(t, r.Lost())
}
