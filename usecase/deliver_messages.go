package usecase

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// DeliverMessages sends what is in the outbox. Any number of instances may run it: each message is claimed by one.
type DeliverMessages struct {
	Outbox    port.Outbox
	Templates port.Templates
	Mailer    port.Mailer
	Clock     port.Clock
	Journal   port.Journal
	Batch     int
	Lease     time.Duration // after which a message whose sender died is tried again; longer than a batch takes
}

// silenceBatch is how many messages to nobody are removed at once: a flood of them must not hold up the others.
const silenceBatch = 1000

// Do sends one batch and says how many messages it took. A message that can't be sent waits for its next attempt; after a day it
// is parked. When ctx ends, the message under way is still finished, and no other is begun.
func (uc *DeliverMessages) Do(ctx context.Context) (int, error) {
	whole, now := context.WithoutCancel(ctx), uc.Clock.Now()
	if _, err := uc.Outbox.Silence(whole, silenceBatch); err != nil {
		return 0, err
	}
	messages, err := uc.Outbox.Claim(whole, now, now.Add(uc.Lease), uc.Batch)
	if err != nil {
		return 0, err
	}
	for i, message := range messages {
		if ctx.Err() != nil {
			return i, uc.putBack(whole, messages[i:])
		}
		if err := uc.deliver(whole, message); err != nil {
			return 0, err
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

// deliver sends one message. It must not be cut short: nobody would know whether the message has arrived, and it would be sent
// twice. The mailer limits its time.
func (uc *DeliverMessages) deliver(ctx context.Context, message domain.QueuedMessage) error {
	err := uc.send(ctx, message.Message)
	if err == nil {
		return uc.Outbox.Delivered(ctx, message.ID)
	}
	now := uc.Clock.Now()
	next, park := message.Retry(now)
	uc.Journal.MessageNotSent(message.ID, string(message.Template), message.Attempts, park, err)
	return uc.Outbox.Failed(ctx, message.ID, err.Error(), next, park, now)
}

func (uc *DeliverMessages) send(ctx context.Context, message domain.Message) error {
	mail, err := uc.Templates.Render(message)
	if err != nil {
		return err
	}
	return uc.Mailer.Send(ctx, mail)
}
