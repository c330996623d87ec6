package usecase

import (
	"context"
	"errors"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// DeliverMessages sends what is in the outbox. Any number of instances may run it: each message is claimed by one.
type DeliverMessages struct {
	Dispatch
	Webhooks port.Webhooks // for an outbox of events; nil for one of mails and SMS
	Outbox   port.Outbox
	Clock    port.Clock
	Journal  port.Journal
	Batch    int
	Lease    time.Duration // after which a message whose sender died is tried again; longer than a batch takes
}

// Dispatch hands messages to whoever delivers them.
type Dispatch struct {
	Templates port.Templates
	Mailer    port.Mailer
	SMS       port.SMSSender
	Verifier  port.SMSVerifier
}

// While the database is away, what became of a message is noted again and again, settleMargin short of the end of the lease: after
// that another sender may have the message.
const (
	settlePause  = 250 * time.Millisecond
	settleMargin = 20 * time.Second
)

// silenceBatch is how many messages to nobody are removed at once: a flood of them must not hold up the others.
const silenceBatch = 1000

// Do sends one batch and says how many messages it took. A message that can't be sent waits for its next attempt; after a day it
// is parked. When ctx ends, the message under way is still finished, and no other is begun.
func (uc *DeliverMessages) Do(ctx context.Context) (int, error) {
	whole, now := context.WithoutCancel(ctx), uc.Clock.Now()
	if _, err := uc.Outbox.Silence(whole, silenceBatch); err != nil {
		return 0, err
	}
	until := now.Add(uc.Lease)
	messages, err := uc.Outbox.Claim(whole, now, until, uc.Batch)
	if err != nil {
		return 0, err
	}
	for i, message := range messages {
		if ctx.Err() != nil {
			return i, uc.putBack(whole, messages[i:])
		}
		if !uc.Clock.Now().Before(until.Add(-settleMargin)) {
			return i, nil // the others may be somebody else's by now
		}
		if err := uc.deliver(ctx, message, until); err != nil {
			return i, err
		}
	}
	return len(messages), nil
}

// putBack makes messages due again that were claimed and not begun, so that a server that is stopping holds nothing up.
func (uc *DeliverMessages) putBack(ctx context.Context, messages []domain.QueuedMessage) error {
	now := uc.Clock.Now()
	for _, message := range messages {
		if err := uc.Outbox.Failed(ctx, message.ID, message.LastError, now, false, now); err != nil {
			return err
		}
	}
	return nil
}

// deliver sends one message. Sending must not be cut short: nobody would know whether the message has arrived, and it would be sent
// twice. The mailer limits its time.
func (uc *DeliverMessages) deliver(ctx context.Context, message domain.QueuedMessage, until time.Time) error {
	whole, now := context.WithoutCancel(ctx), uc.Clock.Now()
	delivered := func() error { return uc.Outbox.Delivered(whole, message.ID) }
	if message.Over(now) {
		uc.Journal.SMSRefused(errTooLate)
		return uc.settle(ctx, until, delivered)
	}
	send := uc.send
	if message.IsWebhook() {
		send = uc.Webhooks.Send
	}
	err := send(whole, message.Message)
	if err == nil {
		return uc.settle(ctx, until, delivered)
	}
	now = uc.Clock.Now()
	next, park := message.Retry(now)
	uc.Journal.MessageNotSent(message.ID, string(message.Template), message.Attempts, park, err)
	return uc.settle(ctx, until, func() error { return uc.Outbox.Failed(whole, message.ID, err.Error(), next, park, now) })
}

// settle notes what became of a message. A message that has arrived and whose note is lost would arrive again, so a database that is
// away is waited for; when ctx ends there is one more try.
func (uc *DeliverMessages) settle(ctx context.Context, until time.Time, note func() error) error {
	for {
		stopping := ctx.Err() != nil
		err := note()
		if !errors.Is(err, domain.Unavailable) || stopping || !uc.Clock.Now().Before(until.Add(-settleMargin)) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(settlePause):
		}
	}
}

// errTooLate is why an SMS is given up.
var errTooLate = errors.New("no gateway took the message while its code was good")

// send hands a message over. An SMS without a code is one whose code the gateway makes.
func (d Dispatch) send(ctx context.Context, message domain.Message) error {
	if message.IsSMS() && message.Ticket == "" {
		return d.Verifier.StartVerification(ctx, message.To, message.Locale)
	}
	mail, err := d.Templates.Render(message)
	switch {
	case err != nil:
		return err
	case message.IsSMS():
		return d.SMS.SendSMS(ctx, mail)
	}
	return d.Mailer.Send(ctx, mail)
}
