package claims_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// source answers with how often it was asked.
type source struct {
	asked  atomic.Int64
	answer func(ctx context.Context, n int64) (domain.CustomClaims, error)
}

func (s *source) Of(ctx context.Context, _ domain.UserID) (domain.CustomClaims, error) {
	n := s.asked.Add(1)
	if s.answer != nil {
		return s.answer(ctx, n)
	}
	return domain.CustomClaims{"n": n}, nil
}

func bounded(s *source, keep time.Duration) (*claims.Bounded, *kit.Clock, *bytes.Buffer) {
	clock, log := kit.NewClock(), &bytes.Buffer{}
	return claims.NewBounded(s, claims.Options{Timeout: time.Second, Keep: keep, Clock: clock, Log: slog.New(slog.NewTextHandler(log, nil))}), clock, log
}

func TestBounded_AsksEachTimeUnlessItMayKeepAnswers(t *testing.T) {
	t.Parallel()
	s := &source{}
	b, _, _ := bounded(s, 0)
	for n := range int64(3) {
		found, err := b.Of(t.Context(), anybody)
		require.NoError(t, err)
		require.Equal(t, domain.CustomClaims{"n": n + 1}, found)
	}
}

func TestBounded_KeepsAnswersForAsLongAsItMay(t *testing.T) {
	t.Parallel()
	b, clock, _ := bounded(&source{}, 10*time.Second)
	ask := func(user domain.UserID) any {
		found, err := b.Of(t.Context(), user)
		require.NoError(t, err)
		return found["n"]
	}
	require.EqualValues(t, 1, ask("a"))
	require.EqualValues(t, 2, ask("b"))
	clock.Advance(10*time.Second - time.Microsecond)
	require.EqualValues(t, 1, ask("a"))
	clock.Advance(time.Microsecond)
	require.EqualValues(t, 3, ask("a"))
	clock.Advance(-time.Hour)
	require.EqualValues(t, 4, ask("a"), "a clock that was set back")
}

func TestBounded_RemembersNoFailure(t *testing.T) {
	t.Parallel()
	s := &source{}
	s.answer = func(_ context.Context, n int64) (domain.CustomClaims, error) {
		if n == 1 {
			return nil, errors.New("away")
		}
		return domain.CustomClaims{"n": n}, nil
	}
	b, _, _ := bounded(s, time.Minute)
	_, err := b.Of(t.Context(), anybody)
	require.EqualError(t, err, "away")
	found, err := b.Of(t.Context(), anybody)
	require.NoError(t, err)
	require.Equal(t, domain.CustomClaims{"n": int64(2)}, found)
}

func TestBounded_AsksOnceForAllWhoWantTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &source{answer: func(_ context.Context, n int64) (domain.CustomClaims, error) {
			time.Sleep(100 * time.Millisecond)
			return domain.CustomClaims{"n": n}, nil
		}}
		b, _, _ := bounded(s, time.Minute)
		first, hangUp := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		asking.Go(func() {
			_, err := b.Of(first, anybody)
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		hangUp() // it began to ask, and the others still want to know
		for range 100 {
			asking.Go(func() {
				found, err := b.Of(t.Context(), anybody)
				if err != nil || found["n"] != int64(1) {
					t.Error(found, err)
				}
			})
		}
		asking.Wait()
		require.EqualValues(t, 1, s.asked.Load())
	})
}

func TestBounded_GivesUpInTime(t *testing.T) {
	t.Parallel()
	for _, keep := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			b, _, log := bounded(&source{answer: func(ctx context.Context, _ int64) (domain.CustomClaims, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}, keep)
			begin := time.Now()
			_, err := b.Of(t.Context(), anybody)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Second, time.Since(begin))
			require.Contains(t, log.String(), "custom_claims_lost")
		})
	}
}

func TestBounded_RefusesClaimsThatFitIntoNoToken(t *testing.T) {
	t.Parallel()
	s := &source{}
	b, _, _ := bounded(s, 0)
	for size, fits := range map[int]bool{claims.MaxBytes - 20: true, claims.MaxBytes: false} {
		s.answer = func(context.Context, int64) (domain.CustomClaims, error) {
			return domain.CustomClaims{"a": strings.Repeat("x", size)}, nil
		}
		_, err := b.Of(t.Context(), anybody)
		require.Equal(t, fits, err == nil, size)
	}
}

func TestBounded_KeepsABoundedNumber(t *testing.T) {
	t.Parallel()
	s := &source{}
	b, _, _ := bounded(s, time.Minute)
	for i := range 12_000 {
		_, err := b.Of(t.Context(), domain.UserID(fmt.Sprint(i)))
		require.NoError(t, err)
	}
	for i := range 12_000 {
		_, err := b.Of(t.Context(), domain.UserID(fmt.Sprint(i)))
		require.NoError(t, err)
	}
	require.Greater(t, s.asked.Load(), int64(12_000+1_999), "2,000 at least were forgotten")
}

func TestBounded_SaysOnceThatQuestionsFailAndThatTheyAreAnsweredAgain(t *testing.T) {
	t.Parallel()
	s := &source{}
	b, _, log := bounded(s, 0)
	failing := func(context.Context, int64) (domain.CustomClaims, error) { return nil, errors.New("away") }
	for range 2 {
		s.answer = failing
		for range 3 {
			_, err := b.Of(t.Context(), anybody)
			require.Error(t, err)
		}
		s.answer = nil
		for range 3 {
			_, err := b.Of(t.Context(), anybody)
			require.NoError(t, err)
		}
	}
	require.Equal(t, 2, strings.Count(log.String(), "custom_claims_lost"))
	require.Equal(t, 2, strings.Count(log.String(), "custom_claims_back"))
	require.Equal(t, 2, strings.Count(log.String(), "cause=away"))

	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	s.answer = failing
	_, err := b.Of(gone, anybody)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, strings.Count(log.String(), "custom_claims_lost"), "a client that hangs up says nothing about the source")
}

func TestNone_SaysNothing(t *testing.T) {
	t.Parallel()
	found, err := claims.None{}.Of(t.Context(), anybody)
	require.NoError(t, err)
	require.Nil(t, found)
}
