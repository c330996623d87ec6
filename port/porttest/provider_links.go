package porttest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

func newLink(user domain.UserID, id string) domain.ProviderLink {
	return domain.ProviderLink{
		ID: uuid.NewString(), UserID: user, Identity: domain.ProviderIdentity{Provider: "github", ID: id}, CreatedAt: now,
	}
}

func newTokens() domain.ProviderTokens {
	return domain.ProviderTokens{AccessToken: uuid.NewString(), ExpiresAt: now.Add(time.Hour), RefreshToken: uuid.NewString()}
}

func providerLinksSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("an identity leads to its user and to nobody else", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		link := newLink(user.ID, "1")
		require.NoError(t, store.ProviderLinks().Add(t.Context(), link))
		owner, err := store.ProviderLinks().Owner(t.Context(), link.Identity)
		require.NoError(t, err)
		require.Equal(t, user, sameMetadata(user, owner))
		for _, other := range []domain.ProviderIdentity{
			{Provider: "gitlab", ID: "1"}, {Provider: "github", ID: "2"}, {Provider: "github", Issuer: "https://id.example.com", ID: "1"},
		} {
			_, err = store.ProviderLinks().Owner(t.Context(), other)
			require.ErrorIs(t, err, port.ErrNotFound)
		}
	})
	t.Run("the same subject at two issuers of one name is two identities", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		require.NoError(t, store.ProviderLinks().Ensure(t.Context(), []string{"corp", "github"}))
		require.NoError(t, store.ProviderLinks().Ensure(t.Context(), []string{"corp"}))
		insert(t, store, jane)
		insert(t, store, joe)
		first, second := newLink(jane.ID, "a b"), newLink(joe.ID, "a b")
		first.Identity.Provider, first.Identity.Issuer = "corp", "https://old.example.com"
		second.Identity.Provider, second.Identity.Issuer = "corp", "https://new.example.com"
		require.NoError(t, store.ProviderLinks().Add(t.Context(), first))
		require.NoError(t, store.ProviderLinks().Add(t.Context(), second))
		owner, err := store.ProviderLinks().Owner(t.Context(), second.Identity)
		require.NoError(t, err)
		require.Equal(t, joe.ID, owner.ID)
		list, err := store.ProviderLinks().List(t.Context(), jane.ID)
		require.NoError(t, err)
		require.Equal(t, []domain.ProviderLink{first}, list)
	})
	t.Run("an identity belongs to one user, whoever comes a second time", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		insert(t, store, jane)
		insert(t, store, joe)
		require.NoError(t, store.ProviderLinks().Add(t.Context(), newLink(jane.ID, "1")))
		require.ErrorIs(t, store.ProviderLinks().Add(t.Context(), newLink(joe.ID, "1")), port.ErrTaken)
		require.ErrorIs(t, store.ProviderLinks().Add(t.Context(), newLink(jane.ID, "1")), port.ErrTaken)
		require.ErrorIs(t, store.ProviderLinks().Add(t.Context(), newLink(domain.UserID(uuid.NewString()), "2")), port.ErrNotFound)
	})
	t.Run("of a hundred who claim an identity at once one gets it", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		won := 0
		for _, err := range atOnce(100, func(int) error { return store.ProviderLinks().Add(t.Context(), newLink(user.ID, "1")) }) {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, port.ErrTaken)
		}
		require.Equal(t, 1, won)
	})
	t.Run("an account and its link come into being together or not at all", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		link := newLink(jane.ID, "1")
		require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: jane, Link: &link}))
		taken := newLink(joe.ID, "1")
		require.ErrorIs(t, store.Users().Insert(t.Context(), port.NewUser{User: joe, Link: &taken}), port.ErrTaken)
		_, err := store.Users().ByID(t.Context(), joe.ID)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("a user's links are listed, the oldest first, and removed by that user alone", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		insert(t, store, jane)
		insert(t, store, joe)
		older, newer := newLink(jane.ID, "1"), newLink(jane.ID, "2")
		newer.CreatedAt = now.Add(time.Second)
		require.NoError(t, store.ProviderLinks().Add(t.Context(), newer))
		require.NoError(t, store.ProviderLinks().Add(t.Context(), older))
		list, err := store.ProviderLinks().List(t.Context(), jane.ID)
		require.NoError(t, err)
		require.Equal(t, []domain.ProviderLink{older, newer}, list)
		require.ErrorIs(t, store.ProviderLinks().Remove(t.Context(), joe.ID, older.ID), port.ErrNotFound)
		require.NoError(t, store.ProviderLinks().Remove(t.Context(), jane.ID, older.ID))
		require.ErrorIs(t, store.ProviderLinks().Remove(t.Context(), jane.ID, older.ID), port.ErrNotFound)
	})
}

func providerTokensSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("tokens are kept with the link, and taken once", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		link, tokens := newLink(user.ID, "1"), newTokens()
		link.Tokens = &tokens
		require.NoError(t, store.ProviderLinks().Add(t.Context(), link))
		newest, err := store.ProviderLinks().Newest(t.Context(), user.ID, "github")
		require.NoError(t, err)
		require.Equal(t, link, newest)
		taken, err := store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
		require.NoError(t, err)
		require.Equal(t, tokens, taken)
		_, err = store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
		require.ErrorIs(t, err, port.ErrNotFound)
		newest, err = store.ProviderLinks().Newest(t.Context(), user.ID, "github")
		require.NoError(t, err)
		require.Nil(t, newest.Tokens)
	})
	t.Run("tokens that say little stay as they are", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		link, tokens := newLink(user.ID, "1"), domain.ProviderTokens{AccessToken: "x"}
		link.Tokens = &tokens
		require.NoError(t, store.ProviderLinks().Add(t.Context(), link))
		taken, err := store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
		require.NoError(t, err)
		require.Equal(t, tokens, taken)
	})
	t.Run("later tokens replace earlier ones", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		link, tokens := newLink(user.ID, "1"), newTokens()
		require.NoError(t, store.ProviderLinks().Add(t.Context(), link))
		_, err := store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
		require.ErrorIs(t, err, port.ErrNotFound)
		require.NoError(t, store.ProviderLinks().KeepTokens(t.Context(), link.Identity, newTokens(), now))
		require.NoError(t, store.ProviderLinks().KeepTokens(t.Context(), link.Identity, tokens, now))
		require.ErrorIs(t, store.ProviderLinks().KeepTokens(t.Context(), newLink(user.ID, "2").Identity, tokens, now), port.ErrNotFound)
		taken, err := store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
		require.NoError(t, err)
		require.Equal(t, tokens, taken)
	})
	t.Run("of a hundred who take tokens at once one gets them", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		link, tokens := newLink(user.ID, "1"), newTokens()
		link.Tokens = &tokens
		require.NoError(t, store.ProviderLinks().Add(t.Context(), link))
		won := 0
		for _, err := range atOnce(100, func(int) error {
			_, err := store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
			return err
		}) {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		require.Equal(t, 1, won)
	})
	t.Run("who has no link has no tokens", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		_, err := store.ProviderLinks().Newest(t.Context(), user.ID, "github")
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.ProviderLinks().TakeTokens(t.Context(), user.ID, "github")
		require.ErrorIs(t, err, port.ErrNotFound)
	})
}

func newState() domain.ProviderStateRecord {
	return domain.ProviderStateRecord{
		Hash: domain.ProviderState(uuid.NewString()).Hash(), Provider: "github", Flow: domain.ProviderSignIn, Browser: "browser",
		Options: domain.SignUpOptions{
			AllowedRoles: []domain.Role{}, DefaultRole: "me", DisplayName: "Jöe", Locale: "de", Metadata: `{"a":1}`, RedirectTo: "https://app.example.com?x=1",
		},
		AppState: "", HasAppState: true, CodeChallenge: "challenge", Secret: "secret", Session: "session", CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}
}

func providerStatesSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a state is consumed once, with everything that belongs to it", func(t *testing.T) {
		store, state := open(t), newState()
		require.NoError(t, store.ProviderStates().Add(t.Context(), state))
		got, err := store.ProviderStates().Consume(t.Context(), state.Hash, now)
		require.NoError(t, err)
		require.Equal(t, state, got)
		_, err = store.ProviderStates().Consume(t.Context(), state.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("of a hundred who come with a state at once one gets it", func(t *testing.T) {
		store, state := open(t), newState()
		require.NoError(t, store.ProviderStates().Add(t.Context(), state))
		won := 0
		for _, err := range atOnce(100, func(int) error {
			_, err := store.ProviderStates().Consume(t.Context(), state.Hash, now)
			return err
		}) {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		require.Equal(t, 1, won)
	})
	t.Run("an expired state is none, and is removed", func(t *testing.T) {
		store, old, young := open(t), newState(), newState()
		young.ExpiresAt = now.Add(time.Hour)
		require.NoError(t, store.ProviderStates().Add(t.Context(), old))
		require.NoError(t, store.ProviderStates().Add(t.Context(), young))
		_, err := store.ProviderStates().Consume(t.Context(), old.Hash, old.ExpiresAt)
		require.ErrorIs(t, err, port.ErrNotFound)
		removed, err := store.ProviderStates().DeleteExpired(t.Context(), now.Add(2*time.Minute), 10)
		require.NoError(t, err)
		require.Equal(t, 1, removed)
		_, err = store.ProviderStates().Consume(t.Context(), young.Hash, now)
		require.NoError(t, err)
	})
	t.Run("what would link an identity to an account ends when the account changes hands", func(t *testing.T) {
		store := open(t)
		for name, end := range map[string]func(domain.UserID) error{
			"claimed":          func(id domain.UserID) error { return store.Users().Claim(t.Context(), id) },
			"signed out":       func(id domain.UserID) error { return store.Sessions().EndAllBut(t.Context(), id, "") },
			"not touched, but": func(domain.UserID) error { return nil },
		} {
			user, state := newUser(domain.Email("u"+uuid.NewString()+"@example.com")), newState()
			insert(t, store, user)
			state.Flow, state.ConnectUser = domain.ProviderConnect, user.ID
			require.NoError(t, store.ProviderStates().Add(t.Context(), state))
			require.NoError(t, end(user.ID))
			_, err := store.ProviderStates().Consume(t.Context(), state.Hash, now)
			if name == "not touched, but" {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, port.ErrNotFound, name)
		}
	})
	t.Run("nobody can't be linked to", func(t *testing.T) {
		state := newState()
		state.ConnectUser = domain.UserID(uuid.NewString())
		require.ErrorIs(t, open(t).ProviderStates().Add(t.Context(), state), port.ErrNotFound)
	})
}
