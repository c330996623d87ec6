package usecase_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// program is a port.Webhooks that takes what it is told, unless it is away.
type program struct {
	mu   sync.Mutex
	away bool
	told []domain.Message
}

func (p *program) Send(_ context.Context, message domain.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return errors.New("away")
	}
	p.told = append(p.told, message)
	return nil
}

const hook = "hooks.example.com#1"

// telling sends what is due.
func telling(k *kit.Kit, to *program) *usecase.DeliverMessages {
	return &usecase.DeliverMessages{
		Webhooks: to, Outbox: k.Store.WebhookOutbox(hook), Clock: k.Clock, Journal: k.Journal, Batch: 5, Lease: time.Minute,
	}
}

func withHook(filters ...domain.EventFilter) func(*kit.Settings) {
	return func(s *kit.Settings) { s.Hooks = []domain.Webhook{{Name: hook, Filters: filters}} }
}

func TestWebhooks_AProgramThatWasAwayIsToldLaterAndNotOfMails(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k, to := kit.New(t, on, withHook("user")), &program{away: true}
		session := k.SignUp("jane@example.com")
		require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com"}))
		sent, err := telling(k, to).Do(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, sent)
		require.Len(t, k.Mails(), 1, "mails don't wait for webhooks, and are not taken by them")
		to.away = false
		k.Clock.Advance(15 * time.Second)
		_, err = telling(k, to).Do(t.Context())
		require.NoError(t, err)
		require.Len(t, to.told, 1)
		require.Equal(t, []any{domain.UserCreated, session.User.ID}, []any{to.told[0].Event.Kind, to.told[0].Event.UserID})
		sent, err = telling(k, to).Do(t.Context())
		require.NoError(t, err)
		require.Zero(t, sent)
	})
}

func TestWebhooks_AServerThatDiesAfterTheRequestTellsAgainWithTheSameID(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k, to := kit.New(t, on, withHook()), &program{}
		k.SignUp("jane@example.com")
		claimed, err := k.Store.WebhookOutbox(hook).Claim(t.Context(), k.Clock.Now(), k.Clock.Now().Add(time.Minute), 5)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		require.NoError(t, to.Send(t.Context(), claimed[0].Message)) // and no note of it
		k.Clock.Advance(time.Minute)
		_, err = telling(k, to).Do(t.Context())
		require.NoError(t, err)
		require.Len(t, to.told, 2)
		require.Equal(t, to.told[0], to.told[1])
	})
}

func TestWebhooks_AfterADayAnEventIsGivenUpUntilAnOperatorBringsItBack(t *testing.T) {
	k, to := kit.New(t, withHook("user")), &program{away: true}
	k.SignUp("jane@example.com")
	for range 40 {
		_, err := telling(k, to).Do(t.Context())
		require.NoError(t, err)
		k.Clock.Advance(time.Hour)
	}
	queued, err := k.Store.Outbox().List(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, queued, 1)
	require.Equal(t, []any{true, "away", "hooks.example.com#1"}, []any{queued[0].Parked, queued[0].LastError, queued[0].To})
	to.away = false
	n, err := k.Store.Outbox().Retry(t.Context(), "", k.Clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = telling(k, to).Do(t.Context())
	require.NoError(t, err)
	require.Len(t, to.told, 1)
}

func TestWebhooks_OfTwoInstancesEachEventIsToldByOne(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k, to := kit.New(t, on, withHook("user")), &program{}
		for range 20 {
			k.SignUp(domain.Email("u" + k.Random.UUID() + "@example.com"))
		}
		parallel(func(int) error {
			_, err := telling(k, to).Do(context.Background())
			return err
		})
		ids := map[string]bool{}
		for _, message := range to.told {
			require.False(t, ids[message.ID])
			ids[message.ID] = true
		}
		require.Len(t, ids, 20)
	})
}
