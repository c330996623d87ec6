package porttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

func trailOf(t *testing.T, store port.Repos, token domain.RefreshToken) []domain.Trail {
	t.Helper()
	trails, err := store.Sessions().Trails(t.Context(), token.Hash(), "")
	require.NoError(t, err)
	return trails
}

func sessionsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a session that was started is there", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		first, firstToken := insert(t, store, user)
		second, secondToken := newSession(user)
		require.NoError(t, store.Sessions().Start(t.Context(), second, ""))
		require.Equal(t, []domain.Trail{{Session: first}}, trailOf(t, store, firstToken))
		require.Equal(t, []domain.Trail{{Session: second}}, trailOf(t, store, secondToken))
	})
	t.Run("a session for nobody is ErrNotFound", func(t *testing.T) {
		session, _ := newSession(newUser("jane@example.com"))
		require.ErrorIs(t, open(t).Sessions().Start(t.Context(), session, ""), port.ErrNotFound)
	})
	t.Run("a session that relies on a password starts only while the account has it and is not disabled", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		session, _ := newSession(user)
		require.ErrorIs(t, store.Sessions().Start(t.Context(), session, "another hash"), port.ErrNotFound)
		require.NoError(t, store.Sessions().Start(t.Context(), session, user.PasswordHash))
		disabled := newUser("joe@example.com")
		disabled.Disabled = true
		insert(t, store, disabled)
		session, _ = newSession(disabled)
		require.ErrorIs(t, store.Sessions().Start(t.Context(), session, ""), port.ErrNotFound)
	})
	t.Run("an ended session is gone, and ending it again is fine", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		first, firstToken := insert(t, store, user)
		second, secondToken := newSession(user)
		require.NoError(t, store.Sessions().Start(t.Context(), second, ""))
		require.NoError(t, store.Sessions().End(t.Context(), first.ID))
		require.NoError(t, store.Sessions().End(t.Context(), first.ID))
		require.Empty(t, trailOf(t, store, firstToken))
		require.NoError(t, store.Sessions().EndByToken(t.Context(), secondToken.Hash(), ""))
		require.NoError(t, store.Sessions().EndByToken(t.Context(), secondToken.Hash(), ""))
		require.Empty(t, trailOf(t, store, secondToken))
	})
	t.Run("a family ends with any of its tokens", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		_, token := insert(t, store, user)
		_, otherToken := insert(t, store, newUser("joe@example.com"))
		successor := domain.RefreshToken(uuid.NewString())
		_, _, err := store.Sessions().Rotate(t.Context(), rotation(token, successor, "family"))
		require.NoError(t, err)
		require.NoError(t, store.Sessions().EndByToken(t.Context(), token.Hash(), "family"))
		require.Empty(t, trailOf(t, store, successor))
		require.Len(t, trailOf(t, store, otherToken), 1)
	})
	t.Run("ending all sessions of one user leaves the others'", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		_, first := insert(t, store, jane)
		session, second := newSession(jane)
		require.NoError(t, store.Sessions().Start(t.Context(), session, ""))
		_, others := insert(t, store, newUser("joe@example.com"))
		require.NoError(t, store.Sessions().EndAllBut(t.Context(), jane.ID, ""))
		require.Empty(t, trailOf(t, store, first))
		require.Empty(t, trailOf(t, store, second))
		require.Len(t, trailOf(t, store, others), 1)
	})
	t.Run("one that somebody else may have had leaves no address that waits to be confirmed", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		stolen, first := insert(t, store, jane)
		session, second := newSession(jane)
		require.NoError(t, store.Sessions().Start(t.Context(), session, ""))
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), jane.ID, "thief@example.com"))
		require.ErrorIs(t, store.Sessions().EndOwn(t.Context(), domain.UserID(uuid.NewString()), stolen.ID), port.ErrNotFound)
		require.NoError(t, store.Sessions().EndOwn(t.Context(), jane.ID, stolen.ID))
		require.ErrorIs(t, store.Sessions().EndOwn(t.Context(), jane.ID, stolen.ID), port.ErrNotFound)
		require.Empty(t, trailOf(t, store, first))
		require.Len(t, trailOf(t, store, second), 1)
		require.ErrorIs(t, store.Users().ChangeEmail(t.Context(), jane.ID, ""), port.ErrNotFound)
	})
	t.Run("one session can be spared", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		spared, first := insert(t, store, jane)
		session, second := newSession(jane)
		require.NoError(t, store.Sessions().Start(t.Context(), session, ""))
		require.NoError(t, store.Sessions().EndAllBut(t.Context(), jane.ID, spared.ID))
		require.Len(t, trailOf(t, store, first), 1)
		require.Empty(t, trailOf(t, store, second))
	})
	t.Run("what has expired is removed in batches, and nothing else", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		_, token := insert(t, store, user)
		for i := range 5 {
			old, _ := newSession(user)
			old.ExpiresAt = now.Add(-time.Duration(i+1) * time.Second)
			require.NoError(t, store.Sessions().Start(t.Context(), old, ""))
		}
		var removed []int
		for range 3 {
			n, err := store.Sessions().DeleteExpired(t.Context(), now, 3)
			require.NoError(t, err)
			removed = append(removed, n)
		}
		require.Equal(t, []int{3, 2, 0}, removed)
		require.Len(t, trailOf(t, store, token), 1)
	})
}

func rotation(token, successor domain.RefreshToken, family string) port.Rotation {
	return port.Rotation{
		Token: token.Hash(), Successor: successor.Hash(), Family: family, Now: now.Add(time.Minute), ExpiresAt: now.Add(2 * time.Hour),
		KeepSince: now, Past: domain.NewPastRotation(token, domain.NewRefreshNonce([16]byte{1}), now.Add(time.Minute)),
	}
}

func rotationSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a token is replaced, the session stays, its user comes back", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		session, token := insert(t, store, user)
		successor := domain.RefreshToken(uuid.NewString())
		request := rotation(token, successor, "family")
		got, id, err := store.Sessions().Rotate(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, session.ID, id)
		require.Equal(t, user, sameMetadata(user, got))
		want := session
		want.TokenHash, want.ExpiresAt = successor.Hash(), request.ExpiresAt
		wantTrail := []domain.Trail{{Session: want, Recent: []domain.PastRotation{
			{At: request.Past.At.Truncate(time.Millisecond), Predecessor: request.Past.Predecessor, Nonce: request.Past.Nonce},
		}}}
		require.Equal(t, wantTrail, trailOf(t, store, successor))
		byFamily, err := store.Sessions().Trails(t.Context(), token.Hash(), "family")
		require.NoError(t, err)
		require.Equal(t, wantTrail, byFamily)
		require.Empty(t, trailOf(t, store, token))
	})
	t.Run("a replaced, an expired and an unknown token are ErrNotFound", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		_, token := insert(t, store, user)
		successor := domain.RefreshToken(uuid.NewString())
		_, _, err := store.Sessions().Rotate(t.Context(), rotation(token, successor, ""))
		require.NoError(t, err)
		late := rotation(successor, "x", "")
		late.Now = now.Add(2 * time.Hour)
		for _, request := range []port.Rotation{rotation(token, "x", ""), late, rotation("unknown", "x", "")} {
			_, _, err := store.Sessions().Rotate(t.Context(), request)
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		require.Len(t, trailOf(t, store, successor), 1, "nothing has changed")
	})
	t.Run("only rotations of the grace window are remembered, and no more than the maximum", func(t *testing.T) {
		store := open(t)
		_, token := insert(t, store, newUser("jane@example.com"))
		for i := range domain.MaxPastRotations + 3 {
			successor := domain.RefreshToken(uuid.NewString())
			_, _, err := store.Sessions().Rotate(t.Context(), rotation(token, successor, ""))
			require.NoError(t, err)
			token = successor
			require.Len(t, trailOf(t, store, token)[0].Recent, min(i+1, domain.MaxPastRotations))
		}
		late := rotation(token, "late", "")
		late.KeepSince = now.Add(time.Hour)
		_, _, err := store.Sessions().Rotate(t.Context(), late)
		require.NoError(t, err)
		require.Len(t, trailOf(t, store, "late")[0].Recent, 1)
	})
	t.Run("of two, twenty and a hundred rotations of one token one succeeds", func(t *testing.T) {
		for _, n := range []int{2, 20, 100} {
			store := open(t)
			session, token := insert(t, store, newUser("jane@example.com"))
			successors := make([]domain.RefreshToken, n)
			errs := atOnce(n, func(i int) error {
				successors[i] = domain.RefreshToken(uuid.NewString())
				_, id, err := store.Sessions().Rotate(context.Background(), rotation(token, successors[i], "family"))
				if err == nil && id != session.ID {
					return fmt.Errorf("session %s", id)
				}
				return err
			})
			require.Equal(t, 1, count(errs, nil))
			require.Equal(t, n-1, count(errs, port.ErrNotFound))
			live := 0
			for _, successor := range successors {
				live += len(trailOf(t, store, successor))
			}
			require.Equal(t, 1, live)
		}
	})
	t.Run("it admits exactly the users whom the domain's rule admits", func(t *testing.T) {
		store := open(t)
		for bits := range 32 {
			user := newUser(domain.Email(fmt.Sprintf("u%d@example.com", bits)))
			user.Disabled, user.EmailVerified, user.IsAnonymous = bits&1 != 0, bits&2 != 0, bits&4 != 0
			if bits&8 != 0 {
				user.Email = ""
			}
			policy := domain.SignInPolicy{RequireVerified: bits&16 != 0}
			_, token := insert(t, store, user)
			request := rotation(token, domain.RefreshToken(uuid.NewString()), "")
			request.RequireVerified = policy.RequireVerified
			_, _, err := store.Sessions().Rotate(t.Context(), request)
			if policy.MayRefresh(user) == nil {
				require.NoError(t, err, "%+v", user)
			} else {
				require.ErrorIs(t, err, port.ErrNotFound, "%+v", user)
				require.Len(t, trailOf(t, store, token), 1, "the token is still good")
			}
		}
	})
}
