package oidc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hexauth/hexauth/port"
)

// kept is something that an issuer publishes. It is asked for when it is needed for the first time, and again when it is renewed; what
// is known stays where that fails.
type kept[T any] struct {
	clock port.Clock
	fetch func(ctx context.Context) (T, error)

	mu      sync.Mutex // held while the issuer is asked: who needs the answer meanwhile waits for it
	known   bool
	value   T
	asked   time.Time
	failure error // of the last attempt, nil after a good one
}

// get returns what is known. It asks where nothing is or, with again, where that was not done just now. The error is that of the last
// attempt: an issuer that was down is left alone for keyPause.
func (k *kept[T]) get(ctx context.Context, again bool) (T, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if rested := k.clock.Now().Sub(k.asked) >= keyPause; rested && (again || !k.known) {
		k.ask(ctx)
	}
	if !k.known {
		return k.value, k.failure
	}
	return k.value, nil
}

// renew asks whatever is known.
func (k *kept[T]) renew(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ask(ctx)
	return k.failure
}

// ask is called with the lock held.
func (k *kept[T]) ask(ctx context.Context) {
	value, err := k.fetch(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		k.failure = ctx.Err() // one caller hung up; the next one tries at once
		return
	}
	k.asked, k.failure = k.clock.Now(), err
	if err == nil {
		k.known, k.value = true, value
	}
}
