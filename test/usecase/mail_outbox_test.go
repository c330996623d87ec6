package usecase_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func deliver(t *testing.T, k *kit.Kit) int {
	t.Helper()
	n, err := k.Deliver.Do(context.Background())
	require.NoError(t, err)
	return n
}

// notSent is a journal's entry about a mail that was not sent.
func notSent(attempt string, parked bool) string {
	return "password-reset not sent, attempt " + attempt + ", parked " + map[bool]string{true: "true", false: "false"}[parked] + ": no route to host"
}

func TestOutbox_AMailServerThatIsAwayCostsTimeButNoMail(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		k.Mailbox.Fail = errors.New("no route to host")
		require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com"}))
		require.Equal(t, 1, deliver(t, k))
		for _, pause := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute} {
			k.Clock.Advance(pause - time.Second)
			require.Zero(t, deliver(t, k))
			k.Clock.Advance(time.Second)
			require.Equal(t, 1, deliver(t, k))
		}
		require.Equal(t, []string{notSent("1", false), notSent("2", false), notSent("3", false), notSent("4", false), notSent("5", false)}, k.Journal.Entries())
		k.Mailbox.Fail = nil
		k.Clock.Advance(4 * time.Minute)
		require.Equal(t, 1, deliver(t, k))
		mails := k.Mailbox.Mails()
		require.Len(t, mails, 1)
		require.NoError(t, redeemReset(k, mails[0]))
	})
}

// forgetful is an outbox whose database is away for the next notes.
type forgetful struct {
	port.Outbox
	away int
}

func (o *forgetful) Delivered(ctx context.Context, id string) error {
	if o.away > 0 {
		o.away--
		return domain.Unavailable
	}
	return o.Outbox.Delivered(ctx, id)
}

func TestOutbox_ADatabaseThatIsAwayAfterAMailWasSentHasItSentNeitherAgainNorOthersLater(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		for _, email := range []domain.Email{"jane@example.com", "joe@example.com"} {
			k.SignUp(email)
			require.NoError(t, askReset(k, usecase.MailInput{Email: email}))
		}
		k.Deliver.Outbox = &forgetful{k.Store.Outbox(), 3}
		require.Equal(t, 2, deliver(t, k))
		require.Len(t, k.Mailbox.Mails(), 2)
		k.Clock.Advance(time.Hour)
		require.Zero(t, deliver(t, k))
	})
}

func TestOutbox_AStopDoesNotWaitForADatabaseThatIsAway(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com"}))
	k.Deliver.Outbox = &forgetful{k.Store.Outbox(), 1 << 30}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err := k.Deliver.Do(ctx)
	require.ErrorIs(t, err, domain.Unavailable)
	require.Len(t, k.Mailbox.Mails(), 1)
}

func TestOutbox_GivesUpAfterADayUntilAnOperatorBringsTheMailBack(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		k.Mailbox.Fail = errors.New("no route to host")
		require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
		list := func() []domain.QueuedMessage {
			messages, err := (&usecase.ListOutbox{Outbox: k.Store.Outbox()}).Do(t.Context(), 10)
			require.NoError(t, err)
			require.Len(t, messages, 1)
			require.Empty(t, messages[0].Link+messages[0].Ticket)
			return messages
		}
		begin := k.Clock.Now()
		for deliver(t, k); !list()[0].Parked; deliver(t, k) {
			require.Less(t, k.Clock.Now().Sub(begin), 25*time.Hour)
			k.Clock.Advance(list()[0].NextAttemptAt.Sub(k.Clock.Now()))
		}
		require.GreaterOrEqual(t, k.Clock.Now().Sub(begin), 24*time.Hour)
		k.Mailbox.Fail = nil
		k.Clock.Advance(time.Hour)
		require.Zero(t, deliver(t, k))
		retry := &usecase.RetryOutbox{Outbox: k.Store.Outbox(), Clock: k.Clock}
		for id, want := range map[string]int{uuid.NewString(): 0, list()[0].ID: 1} {
			n, err := retry.Do(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		mustFollow(t, k, k.LastMail())
		require.Len(t, k.Mails(), 1)
	})
}

func TestOutbox_SendsNothingTwiceHoweverManyWork(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		const accounts = 30
		for range accounts {
			require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: domain.Email(uuid.NewString() + "@example.com")}))
		}
		require.Equal(t, map[error]int{nil: 50}, parallel(func(int) error {
			_, err := k.Deliver.Do(context.Background())
			return err
		}))
		sent := map[string]int{}
		for _, mail := range k.Mails() {
			sent[mail.To]++
		}
		require.Len(t, sent, accounts)
		for to, n := range sent {
			require.Equal(t, 1, n, to)
		}
	})
}

func TestOutbox_SilenceReachesNoMailServer(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.Mailbox.Fail = errors.New("no route to host")
		require.NoError(t, askReset(k, usecase.MailInput{Email: "unknown@example.com"}))
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.hexauth_outbox"))
		messages, err := (&usecase.ListOutbox{Outbox: k.Store.Outbox()}).Do(t.Context(), 10)
		require.NoError(t, err)
		require.Empty(t, messages, "nor does an operator learn who was asked about")
		require.Zero(t, deliver(t, k))
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_outbox"))
		require.Empty(t, k.Journal.Entries())
	})
}

func TestOutbox_NothingOfAMailStaysOnceItIsSent(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com"}))
	require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.hexauth_outbox WHERE payload NOT LIKE '%passwordReset%'"))
	mail := k.LastMail()
	require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_outbox"))
	require.NotEmpty(t, mail.Ticket)
}

// dying is a mailer whose process ends while it sends.
type dying struct{}

func (dying) Send(context.Context, domain.Mail) error { panic("killed") }

func TestOutbox_WhatAWorkerThatDiedHadTakenIsSentAfterItsLease(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com"}))
		dead := *k.Deliver
		dead.Mailer = dying{}
		require.Panics(t, func() { _, _ = dead.Do(t.Context()) })
		k.Clock.Advance(k.Deliver.Lease - time.Second)
		require.Empty(t, k.Mails())
		k.Clock.Advance(time.Second)
		require.Len(t, k.Mails(), 1)
		k.Clock.Advance(time.Hour)
		require.Len(t, k.Mails(), 1)
	})
}

// slow is a mailer that takes a mail although the server is told to stop meanwhile.
type slow struct {
	*kit.Mailbox
	stop context.CancelFunc
	once sync.Once
}

func (s *slow) Send(ctx context.Context, mail domain.Mail) error {
	s.once.Do(s.stop)
	return s.Mailbox.Send(ctx, mail)
}

func TestOutbox_WhatWasSentWhileTheServerStoppedIsNotSentAgain(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com"}))
		ctx, stop := context.WithCancel(t.Context())
		stopping := *k.Deliver
		stopping.Mailer = &slow{Mailbox: k.Mailbox, stop: stop}
		_, err := stopping.Do(ctx)
		require.NoError(t, err)
		k.Clock.Advance(time.Hour)
		require.Len(t, k.Mails(), 1)
	})
}
