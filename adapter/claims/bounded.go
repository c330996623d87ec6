package claims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	// MaxBytes bounds a user's claims, as they stand in a token. Servers and proxies let headers of 8 KiB through, and a token is one.
	MaxBytes = 4 << 10

	// maxRemembered is for how many users claims are kept at once.
	maxRemembered = 10_000
)

// Options are the limits.
type Options struct {
	Timeout time.Duration // of one question
	Keep    time.Duration // for how long an answer is used again; 0: everybody who asks gets a new one
	Clock   port.Clock
	Log     *slog.Logger
}

// Bounded is a port.CustomClaims that puts limits around another. With Keep it remembers answers, of a bounded number of users, and asks
// once for all who want the same at the same time; errors are not remembered. It says in the log when questions begin to fail and when
// they are answered again.
type Bounded struct {
	source  port.CustomClaims
	o       Options
	failing atomic.Bool
	flight  singleflight.Group

	mu         sync.Mutex
	remembered map[domain.UserID]answer
}

type answer struct {
	claims domain.CustomClaims
	until  time.Time
}

var _ port.CustomClaims = (*Bounded)(nil)

// NewBounded puts limits around source.
func NewBounded(source port.CustomClaims, o Options) *Bounded {
	return &Bounded{source: source, o: o, remembered: map[domain.UserID]answer{}}
}

// Of implements port.CustomClaims.
func (b *Bounded) Of(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	if b.o.Keep <= 0 {
		return b.ask(ctx, user)
	}
	if claims, known := b.recall(user); known {
		return claims, nil
	}
	// Whoever began to ask may hang up, and the others still want the answer.
	result := b.flight.DoChan(string(user), func() (any, error) {
		claims, err := b.ask(context.WithoutCancel(ctx), user)
		if err == nil {
			b.remember(user, claims)
		}
		return claims, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		claims, _ := r.Val.(domain.CustomClaims)
		return claims, r.Err
	}
}

func (b *Bounded) ask(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	limited, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	claims, err := b.source.Of(limited, user)
	if err == nil {
		err = checkSize(claims)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err() // the client hung up
	}
	b.report(ctx, user, err)
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// checkSize measures claims as a token has them: values are texts, so what stands in quotes is quoted once more.
func checkSize(claims domain.CustomClaims) error {
	if len(claims) == 0 {
		return nil
	}
	once, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	if twice, err := json.Marshal(string(once)); err != nil || len(twice) > MaxBytes {
		return fmt.Errorf("the claims are larger than %d bytes", MaxBytes)
	}
	return nil
}

// report logs the first failure and the first answer after it: while a source is away, one line for each token would help nobody.
func (b *Bounded) report(ctx context.Context, user domain.UserID, err error) {
	switch {
	case err == nil && b.failing.Load() && b.failing.CompareAndSwap(true, false):
		b.o.Log.InfoContext(ctx, "custom claims can be had again", "event", "custom_claims_back")
	case err != nil && b.failing.CompareAndSwap(false, true):
		b.o.Log.WarnContext(ctx, "custom claims can't be had", "event", "custom_claims_lost", "user_id", string(user), "cause", err.Error())
	}
}

func (b *Bounded) recall(user domain.UserID) (domain.CustomClaims, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, known := b.remembered[user]
	now := b.o.Clock.Now()
	// A clock that was set back does not keep an answer alive.
	if !known || !a.until.After(now) || a.until.Sub(now) > b.o.Keep {
		return nil, false
	}
	return a.claims, true
}

func (b *Bounded) remember(user domain.UserID, claims domain.CustomClaims) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.o.Clock.Now(); len(b.remembered) >= maxRemembered {
		for id, a := range b.remembered {
			if !a.until.After(now) {
				delete(b.remembered, id)
			}
		}
	}
	for id := range b.remembered { // any will do
		if len(b.remembered) < maxRemembered {
			break
		}
		delete(b.remembered, id)
	}
	b.remembered[user] = answer{claims, b.o.Clock.Now().Add(b.o.Keep)}
}
