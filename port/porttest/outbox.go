package porttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// lease is how long the suite's workers keep what they have claimed.
const lease = time.Minute

// claim takes up to limit messages from the outbox at a moment.
func claim(t *testing.T, store port.Repos, at time.Time, limit int) []domain.QueuedMessage {
	t.Helper()
	messages, err := store.Outbox().Claim(t.Context(), at, at.Add(lease), limit)
	require.NoError(t, err)
	return messages
}

// queue puts a message into the outbox at a moment.
func queue(t *testing.T, store port.Repos, at time.Time) domain.Message {
	t.Helper()
	message, ticket := newMessage(), newTicket("", domain.TicketVerifyEmail)
	ticket.CreatedAt = at
	require.NoError(t, store.Tickets().Issue(t.Context(), ticket, message))
	return message
}

func outboxSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("messages come complete, oldest first, as many as are wanted, and not before their time", func(t *testing.T) {
		store := open(t)
		third, first, second := queue(t, store, now.Add(2*time.Second)), queue(t, store, now), queue(t, store, now.Add(time.Second))
		require.Empty(t, claim(t, store, now.Add(-time.Microsecond), 9))
		at := now.Add(time.Minute)
		want := func(m domain.Message, created time.Time) domain.QueuedMessage {
			return domain.QueuedMessage{Message: m, CreatedAt: created, Attempts: 1, NextAttemptAt: at.Add(lease)}
		}
		require.Equal(t, []domain.QueuedMessage{want(first, now), want(second, now.Add(time.Second))}, claim(t, store, at, 2))
		require.Equal(t, []domain.QueuedMessage{want(third, now.Add(2*time.Second))}, claim(t, store, at, 2))
		require.Empty(t, claim(t, store, at, 2))
	})
	t.Run("fifty workers never get the same message, nor more than they want", func(t *testing.T) {
		store := open(t)
		const messages, each = 120, 3
		for range messages {
			queue(t, store, now)
		}
		var mu sync.Mutex
		holders := map[string]int{}
		errs := atOnce(racers, func(int) error {
			claimed, err := store.Outbox().Claim(context.Background(), now, now.Add(lease), each)
			mu.Lock()
			defer mu.Unlock()
			for _, message := range claimed {
				holders[message.ID]++
			}
			if len(claimed) > each {
				t.Errorf("%d messages at once", len(claimed))
			}
			return err
		})
		require.Equal(t, racers, count(errs, nil))
		for rest := claim(t, store, now, messages); len(rest) > 0; rest = claim(t, store, now, messages) {
			for _, message := range rest {
				holders[message.ID]++
			}
		}
		require.Len(t, holders, messages)
		for id, n := range holders {
			require.Equal(t, 1, n, id)
		}
	})
	t.Run("what a worker that died had claimed is claimed again once its lease is over", func(t *testing.T) {
		store := open(t)
		message := queue(t, store, now)
		require.Len(t, claim(t, store, now, 1), 1)
		require.Empty(t, claim(t, store, now.Add(lease-time.Microsecond), 1))
		again := claim(t, store, now.Add(lease), 1)
		require.Len(t, again, 1)
		require.Equal(t, message, again[0].Message)
		require.Equal(t, 2, again[0].Attempts)
	})
	t.Run("what was delivered is gone, and to say so again is fine", func(t *testing.T) {
		store := open(t)
		message, other := queue(t, store, now), queue(t, store, now)
		require.NoError(t, store.Outbox().Delivered(t.Context(), message.ID))
		require.NoError(t, store.Outbox().Delivered(t.Context(), message.ID))
		claimed := claim(t, store, now.Add(time.Hour), 9)
		require.Len(t, claimed, 1)
		require.Equal(t, other, claimed[0].Message)
	})
	t.Run("what is not recorded is not sent", func(t *testing.T) {
		store := open(t)
		undone(t, store, func(ctx context.Context, repos port.Repos) {
			require.NoError(t, repos.Tickets().Issue(ctx, newTicket("", domain.TicketVerifyEmail), newMessage()))
		})
		require.Empty(t, claim(t, store, now, 1))
	})
}

func outboxRetrySuite(t *testing.T, open func(t *testing.T) port.Store) {
	failed := func(t *testing.T, store port.Repos, id string, next time.Time, park bool) {
		t.Helper()
		require.NoError(t, store.Outbox().Failed(t.Context(), id, "no route to host", next, park, now))
	}
	t.Run("what failed comes again when its pause is over", func(t *testing.T) {
		store := open(t)
		id := claimed(t, store)
		failed(t, store, id, now.Add(time.Hour), false)
		require.Empty(t, claim(t, store, now.Add(time.Hour-time.Microsecond), 1))
		again := claim(t, store, now.Add(time.Hour), 1)
		require.Len(t, again, 1)
		require.Equal(t, "no route to host", again[0].LastError)
		require.False(t, again[0].Parked)
	})
	t.Run("what is parked stays until it is brought back, for a day of its own", func(t *testing.T) {
		store := open(t)
		id := claimed(t, store)
		failed(t, store, id, now.Add(time.Hour), true)
		require.Empty(t, claim(t, store, now.Add(1000*time.Hour), 1))
		back := now.Add(48 * time.Hour)
		for _, want := range []int{1, 0} {
			n, err := store.Outbox().Retry(t.Context(), "", back)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		again := claim(t, store, back, 9)
		require.Len(t, again, 1)
		require.Equal(t, back, again[0].CreatedAt)
		require.Equal(t, "secret", again[0].Ticket)
	})
	t.Run("one message can be brought back alone", func(t *testing.T) {
		store := open(t)
		first, second := claimed(t, store), claimed(t, store)
		failed(t, store, first, now.Add(time.Hour), true)
		failed(t, store, second, now.Add(time.Hour), true)
		n, err := store.Outbox().Retry(t.Context(), second, now)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		n, err = store.Outbox().Retry(t.Context(), uuid.NewString(), now)
		require.NoError(t, err)
		require.Zero(t, n)
		again := claim(t, store, now, 9)
		require.Len(t, again, 1)
		require.Equal(t, second, again[0].ID)
	})
	t.Run("the depth counts what is due, what waits and what is parked, and tells the age of the oldest that is not", func(t *testing.T) {
		store := open(t)
		at := now.Add(time.Minute)
		depth := func() domain.OutboxDepth {
			depth, err := store.Outbox().Depth(t.Context(), at)
			require.NoError(t, err)
			return depth
		}
		require.Equal(t, domain.OutboxDepth{}, depth())
		silent := newMessage()
		silent.Template = domain.Silence
		require.NoError(t, store.Tickets().Issue(t.Context(), newTicket("", domain.TicketPasswordReset), silent))
		require.Equal(t, domain.OutboxDepth{}, depth())
		failed(t, store, queue(t, store, now).ID, at.Add(time.Hour), true)
		require.Equal(t, domain.OutboxDepth{Parked: 1}, depth())
		failed(t, store, queue(t, store, now.Add(time.Second)).ID, at.Add(time.Microsecond), false)
		queue(t, store, now.Add(2*time.Second))
		queue(t, store, at)
		require.Equal(t, domain.OutboxDepth{Due: 2, Waiting: 1, Parked: 1, Oldest: 59 * time.Second}, depth())
	})
	t.Run("the list is newest first and has no secrets, nor messages to nobody", func(t *testing.T) {
		store := open(t)
		oldest, parked, newest := queue(t, store, now), queue(t, store, now.Add(time.Second)), queue(t, store, now.Add(2*time.Second))
		silent := newMessage()
		silent.Template = domain.Silence
		require.NoError(t, store.Tickets().Issue(t.Context(), newTicket("", domain.TicketPasswordReset), silent))
		failed(t, store, parked.ID, now.Add(time.Hour), true)
		bare := func(m domain.Message) domain.Message {
			return domain.Message{ID: m.ID, Template: m.Template, Locale: m.Locale, To: m.To}
		}
		want := []domain.QueuedMessage{
			{Message: bare(newest), CreatedAt: now.Add(2 * time.Second), NextAttemptAt: now.Add(2 * time.Second)},
			{Message: bare(parked), CreatedAt: now.Add(time.Second), NextAttemptAt: now.Add(time.Hour), LastError: "no route to host", Parked: true},
			{Message: bare(oldest), CreatedAt: now, NextAttemptAt: now},
		}
		for limit, expected := range map[int][]domain.QueuedMessage{9: want, 2: want[:2]} {
			list, err := store.Outbox().List(t.Context(), limit)
			require.NoError(t, err)
			require.Equal(t, expected, list)
		}
	})
}

// claimed queues a message, claims it, and returns its id.
func claimed(t *testing.T, store port.Repos) string {
	t.Helper()
	message := queue(t, store, now)
	require.Len(t, claim(t, store, now, 1), 1)
	return message.ID
}
