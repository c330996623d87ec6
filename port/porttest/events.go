package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

func newEvent(kind domain.EventKind, user domain.UserID, at time.Time) domain.Event {
	return domain.Event{
		ID: uuid.NewString(), Kind: kind, At: at, Actor: domain.ActorUser, UserID: user, SessionID: domain.SessionID(uuid.NewString()),
		Method: domain.MethodPassword, Target: "google", Reason: domain.InvalidTOTP, RequestID: "r-1",
		Device: domain.Device{Address: "203.0.113.7", UserAgent: "curl/8 \"quoted\" ümlaut"},
	}
}

func eventsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	list := func(t *testing.T, store port.Store, q domain.EventQuery) []domain.Event {
		t.Helper()
		events, err := store.Events().List(t.Context(), q)
		require.NoError(t, err)
		return events
	}
	t.Run("events are kept as they are, alone and many at a time", func(t *testing.T) {
		store, user := open(t), domain.UserID(uuid.NewString())
		first, second := newEvent(domain.SignInFailed, user, now), newEvent(domain.SignInSucceeded, user, now.Add(time.Second))
		nobody := domain.Event{ID: uuid.NewString(), Kind: domain.AdministrationRefused, At: now.Add(2 * time.Second), Actor: domain.ActorClient}
		require.NoError(t, store.Events().Add(t.Context(), port.Noted{Kept: []domain.Event{first}}))
		require.NoError(t, store.Events().Gather(t.Context(), port.Noted{Kept: []domain.Event{second, nobody}}))
		require.Equal(t, []domain.Event{nobody, second, first}, list(t, store, domain.EventQuery{Limit: 10}))
	})
	t.Run("what was gathered already is ErrTaken, and nothing is there twice", func(t *testing.T) {
		store := open(t)
		noted := port.Noted{Kept: []domain.Event{newEvent(domain.SignInFailed, "", now), newEvent(domain.SignInFailed, "", now)}}
		require.NoError(t, store.Events().Gather(t.Context(), noted))
		require.ErrorIs(t, store.Events().Gather(t.Context(), noted), port.ErrTaken)
		require.Len(t, list(t, store, domain.EventQuery{Limit: 10}), 2)
	})
	t.Run("what is no text is kept as far as it is one", func(t *testing.T) {
		store, event := open(t), newEvent(domain.SignInFailed, "", now)
		event.Device.UserAgent = "a\x00b\xff"
		require.NoError(t, store.Events().Gather(t.Context(), port.Noted{Kept: []domain.Event{event}}))
		event.Device.UserAgent = "a\uFFFDb\uFFFD"
		require.Equal(t, []domain.Event{event}, list(t, store, domain.EventQuery{Limit: 10}))
	})
	t.Run("queries choose by user, kind and time, and give the newest", func(t *testing.T) {
		store, jane, joe := open(t), domain.UserID(uuid.NewString()), domain.UserID(uuid.NewString())
		old, failed := newEvent(domain.SignInSucceeded, jane, now.Add(-time.Hour)), newEvent(domain.SignInFailed, jane, now)
		other, changed := newEvent(domain.SignInFailed, joe, now.Add(time.Second)), newEvent(domain.PasswordChanged, jane, now.Add(2*time.Second))
		require.NoError(t, store.Events().Add(t.Context(), port.Noted{Kept: []domain.Event{failed, other, old, changed}}))
		require.Equal(t, []domain.Event{changed, failed, old}, list(t, store, domain.EventQuery{User: jane, Limit: 10}))
		require.Equal(t, []domain.Event{other, failed}, list(t, store, domain.EventQuery{Filter: "sign_in.failed", Limit: 10}))
		require.Equal(t, []domain.Event{other, failed, old}, list(t, store, domain.EventQuery{Filter: "sign_in", Limit: 10}))
		require.Empty(t, list(t, store, domain.EventQuery{Filter: "sign", Limit: 10}))
		require.Equal(t, []domain.Event{changed, other, failed}, list(t, store, domain.EventQuery{Since: now, Limit: 10}))
		require.Equal(t, []domain.Event{changed}, list(t, store, domain.EventQuery{Limit: 1}))
	})
	t.Run("events that are kept and the messages that tell of them stand or fall together", func(t *testing.T) {
		store, event := open(t), newEvent(domain.UserDeleted, "", now)
		message := domain.Webhook{Name: "hooks.example.com#12345678"}.Message(uuid.NewString(), event)
		noted := port.Noted{Kept: []domain.Event{event}, Webhooks: []domain.Message{message}}
		require.NoError(t, store.Events().Add(t.Context(), noted))
		claimed, err := store.Outbox().Claim(t.Context(), now, now.Add(time.Minute), 10)
		require.NoError(t, err)
		require.Empty(t, claimed, "who sends mails gets none")
		claim := func(from port.Outbox) []domain.QueuedMessage {
			claimed, err := from.Claim(t.Context(), now, now.Add(time.Minute), 10)
			require.NoError(t, err)
			return claimed
		}
		boxes := store.(interface {
			WebhookOutbox(receiver string) port.Outbox
			StrayOutbox(known []string) port.Outbox
		})
		require.Empty(t, claim(boxes.WebhookOutbox("hooks.example.com#87654321")), "another receiver's outbox")
		require.Empty(t, claim(boxes.StrayOutbox([]string{"hooks.example.com#87654321", message.To})), "the receiver is known")
		claimed = claim(boxes.WebhookOutbox(message.To))
		require.Len(t, claimed, 1)
		require.Equal(t, message, claimed[0].Message)
		require.NoError(t, store.Outbox().Failed(t.Context(), message.ID, "away", now, false, now))
		require.Len(t, claim(boxes.StrayOutbox([]string{"hooks.example.com#87654321"})), 1)
		require.NoError(t, store.Outbox().Failed(t.Context(), message.ID, "away", now, false, now))
		require.Len(t, claim(boxes.StrayOutbox(nil)), 1)
		again := newEvent(domain.UserDeleted, "", now)
		require.ErrorIs(t, store.Events().Add(t.Context(), port.Noted{Kept: []domain.Event{again}, Webhooks: []domain.Message{message}}), port.ErrTaken)
		require.Equal(t, []domain.Event{event}, list(t, store, domain.EventQuery{Limit: 10}))
	})
	t.Run("the oldest are removed a batch at a time", func(t *testing.T) {
		store := open(t)
		var kept []domain.Event
		for i := range 5 {
			kept = append(kept, newEvent(domain.SignInFailed, "", now.Add(time.Duration(i)*time.Second)))
		}
		require.NoError(t, store.Events().Gather(t.Context(), port.Noted{Kept: kept}))
		for _, want := range []int{2, 1, 0} {
			removed, err := store.Events().DeleteExpired(t.Context(), now.Add(3*time.Second), 2)
			require.NoError(t, err)
			require.Equal(t, want, removed)
		}
		require.Equal(t, []domain.Event{kept[4], kept[3]}, list(t, store, domain.EventQuery{Limit: 10}))
	})
	t.Run("a transaction that is undone leaves no event", func(t *testing.T) {
		store := open(t)
		failure := domain.Code("undo")
		err := store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			require.NoError(t, repos.Events().Add(ctx, port.Noted{Kept: []domain.Event{newEvent(domain.SignInFailed, "", now)}}))
			return failure
		})
		require.ErrorIs(t, err, failure)
		require.Empty(t, list(t, store, domain.EventQuery{Limit: 10}))
	})
}
