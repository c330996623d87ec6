package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Noted is what events leave behind: what the audit log keeps of them, and the messages that tell others.
type Noted struct {
	Kept     []domain.Event
	Webhooks []domain.Message
}

// Empty tells whether nothing is left behind.
func (n Noted) Empty() bool { return len(n.Kept) == 0 && len(n.Webhooks) == 0 }

// Events keeps the audit log.
type Events interface {
	// Add keeps events and queues their messages, in one step. What refers to a user stays when the user is deleted, unless
	// Administration.Delete removes it.
	Add(ctx context.Context, noted Noted) error

	// Gather does as Add, for many events of different requests. ErrTaken: all of it is there already, from an earlier attempt whose
	// answer was lost.
	Gather(ctx context.Context, noted Noted) error

	// List returns the newest of the events that q chooses, the newest first.
	List(ctx context.Context, q domain.EventQuery) ([]domain.Event, error)

	// DeleteExpired removes at most limit events that happened before a moment, the oldest first, and says how many.
	DeleteExpired(ctx context.Context, before time.Time, limit int) (int, error)
}

// Webhooks tells programs of events.
type Webhooks interface {
	// Send returns nil once the receiver has taken responsibility for the message's event. After an error it may be sent again, with
	// the same ID. The error holds no secret.
	Send(ctx context.Context, message domain.Message) error
}

// Witness is told what happened, once it is certain. Its methods never wait and never fail.
type Witness interface {
	// Committed: the events happened, and the store has kept what there is to keep.
	Committed(ctx context.Context, events ...domain.Event)

	// Happened: an event that changed nothing happened. What there is to keep will be kept soon.
	Happened(ctx context.Context, event domain.Event, noted Noted)
}
