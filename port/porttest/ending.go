package porttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// overlap runs first in a transaction, begins second when the first half of it is done, and lets it come as far as it can before
// the other half.
func overlap(t *testing.T, store port.Store, half, otherHalf func(ctx context.Context, repos port.Repos) error, second func(ctx context.Context) error) (first, other error) {
	t.Helper()
	done := make(chan error, 1)
	first = store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
		if err := half(ctx, repos); err != nil {
			return err
		}
		go func() { done <- second(t.Context()) }()
		time.Sleep(100 * time.Millisecond) // until second waits for a lock, on a machine that isn't too busy
		return otherHalf(ctx, repos)
	})
	return first, <-done
}

// endingSuite is about who makes a way into an account at the moment at which all others end.
func endingSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a link that is being opened leaves no session behind when all end", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		insert(t, store, jane)
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), jane.ID, "other@example.com"))
		ticket := issue(t, store, jane.ID, domain.TicketPasswordReset)
		session, token := newSession(jane)
		opened, ended := overlap(t, store, func(ctx context.Context, repos port.Repos) error {
			_, err := repos.Tickets().Consume(ctx, ticket.Hash, now)
			return err
		}, func(ctx context.Context, repos port.Repos) error {
			return repos.Sessions().Start(ctx, session, "")
		}, func(ctx context.Context) error {
			return store.Sessions().EndAllBut(ctx, jane.ID, "")
		})
		require.NoError(t, opened)
		require.NoError(t, ended)
		require.Empty(t, trailOf(t, store, token))
	})
	t.Run("an old password opens nothing while it is replaced", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		insert(t, store, jane)
		session, token := newSession(jane)
		changed, opened := overlap(t, store, func(ctx context.Context, repos port.Repos) error {
			return repos.Sessions().EndAllBut(ctx, jane.ID, "")
		}, func(ctx context.Context, repos port.Repos) error {
			return repos.Users().SetPasswordHash(ctx, jane.ID, "new hash")
		}, func(ctx context.Context) error {
			return store.Sessions().Start(ctx, session, jane.PasswordHash)
		})
		require.NoError(t, changed)
		require.ErrorIs(t, opened, port.ErrNotFound)
		require.Empty(t, trailOf(t, store, token))
	})
	t.Run("what a session makes while its account is claimed is removed, or refused", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		own, _ := insert(t, store, jane)
		pat, _ := newPAT(jane.ID, now)
		nothing := func(context.Context, port.Repos) error { return nil }
		made, claimed := overlap(t, store, func(ctx context.Context, repos port.Repos) error {
			return errors.Join(repos.PersonalAccessTokens().Add(ctx, pat), repos.Sessions().Hold(ctx, jane.ID, own.ID))
		}, nothing, func(ctx context.Context) error {
			return store.Users().Claim(ctx, jane.ID)
		})
		require.NoError(t, made)
		require.NoError(t, claimed)
		list, err := store.PersonalAccessTokens().List(t.Context(), jane.ID)
		require.NoError(t, err)
		require.Empty(t, list)

		again, _ := newSession(jane)
		require.NoError(t, store.Sessions().Start(t.Context(), again, ""))
		claimed, made = overlap(t, store, func(ctx context.Context, repos port.Repos) error {
			return repos.Users().Claim(ctx, jane.ID)
		}, nothing, func(ctx context.Context) error {
			return store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
				return errors.Join(repos.PersonalAccessTokens().Add(ctx, pat), repos.Sessions().Hold(ctx, jane.ID, again.ID))
			})
		})
		require.NoError(t, claimed)
		require.ErrorIs(t, made, port.ErrNotFound)
		list, err = store.PersonalAccessTokens().List(t.Context(), jane.ID)
		require.NoError(t, err)
		require.Empty(t, list)
	})
}
