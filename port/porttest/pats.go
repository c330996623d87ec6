package porttest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

func newPAT(user domain.UserID, created time.Time) (domain.PersonalAccessToken, domain.RefreshToken) {
	token := domain.RefreshToken(uuid.NewString())
	return domain.PersonalAccessToken{
		ID: uuid.NewString(), UserID: user, TokenHash: token.Hash(), Metadata: `{"name":"x"}`, CreatedAt: created, ExpiresAt: now.Add(time.Hour),
	}, token
}

func patsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("a token leads to its user until it expires", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		pat, token := newPAT(user.ID, now)
		require.NoError(t, store.PersonalAccessTokens().Add(t.Context(), pat))
		owner, err := store.PersonalAccessTokens().Owner(t.Context(), token.Hash(), now.Add(time.Hour-time.Second))
		require.NoError(t, err)
		require.Equal(t, user, sameMetadata(user, owner))
		_, err = store.PersonalAccessTokens().Owner(t.Context(), token.Hash(), now.Add(time.Hour))
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("it is no session, and a session's token is none", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		_, session := insert(t, store, user)
		pat, token := newPAT(user.ID, now)
		require.NoError(t, store.PersonalAccessTokens().Add(t.Context(), pat))
		require.Empty(t, trailOf(t, store, token))
		_, err := store.PersonalAccessTokens().Owner(t.Context(), session.Hash(), now)
		require.ErrorIs(t, err, port.ErrNotFound)
		require.ErrorIs(t, store.Sessions().EndOwn(t.Context(), user.ID, domain.SessionID(pat.ID)), port.ErrNotFound)
	})
	t.Run("a token for nobody is ErrNotFound", func(t *testing.T) {
		pat, _ := newPAT(domain.UserID(uuid.NewString()), now)
		require.ErrorIs(t, open(t).PersonalAccessTokens().Add(t.Context(), pat), port.ErrNotFound)
	})
	t.Run("a user's tokens are listed, the newest first, and removed by that user alone", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		insert(t, store, jane)
		insert(t, store, joe)
		older, _ := newPAT(jane.ID, now)
		newer, _ := newPAT(jane.ID, now.Add(time.Second))
		newer.Metadata = ""
		require.NoError(t, store.PersonalAccessTokens().Add(t.Context(), older))
		require.NoError(t, store.PersonalAccessTokens().Add(t.Context(), newer))
		list, err := store.PersonalAccessTokens().List(t.Context(), jane.ID)
		require.NoError(t, err)
		require.Len(t, list, 2)
		list[1].Metadata = older.Metadata // PostgreSQL writes JSON with spaces
		require.Equal(t, []domain.PersonalAccessToken{newer, older}, list)
		require.ErrorIs(t, store.PersonalAccessTokens().Remove(t.Context(), joe.ID, older.ID), port.ErrNotFound)
		require.NoError(t, store.PersonalAccessTokens().Remove(t.Context(), jane.ID, older.ID))
		require.ErrorIs(t, store.PersonalAccessTokens().Remove(t.Context(), jane.ID, older.ID), port.ErrNotFound)
	})
	t.Run("a session of a user who exists lasts until somebody ends it", func(t *testing.T) {
		store, jane, joe := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		session, _ := insert(t, store, jane)
		other, _ := insert(t, store, joe)
		hasEnded := func(user domain.UserID, id domain.SessionID) bool {
			ended, err := store.Sessions().HasEnded(t.Context(), user, id)
			require.NoError(t, err)
			return ended
		}
		require.False(t, hasEnded(jane.ID, session.ID))
		require.True(t, hasEnded(jane.ID, other.ID), "it is another's")
		require.False(t, hasEnded(domain.UserID(uuid.NewString()), session.ID), "there is nobody whose session it could be")
		require.NoError(t, store.Users().Claim(t.Context(), jane.ID))
		require.True(t, hasEnded(jane.ID, session.ID))
		require.False(t, hasEnded(joe.ID, other.ID))
		require.NoError(t, store.Sessions().End(t.Context(), other.ID))
		require.True(t, hasEnded(joe.ID, other.ID))
	})
	t.Run("sessions are listed with where they were opened, the one used last first", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		first, token := insert(t, store, user)
		second, _ := newSession(user)
		second.CreatedAt, second.Device = now.Add(time.Second), domain.Device{UserAgent: "Phone", Address: "2001:db8::1"}
		require.NoError(t, store.Sessions().Start(t.Context(), second, ""))
		list, err := store.Sessions().List(t.Context(), user.ID, now)
		require.NoError(t, err)
		first.TokenHash, second.TokenHash = "", ""
		require.Equal(t, []domain.OpenSession{{Session: second, LastUsedAt: second.CreatedAt}, {Session: first, LastUsedAt: now}}, list)
		_, _, err = store.Sessions().Rotate(t.Context(), rotation(token, domain.RefreshToken(uuid.NewString()), ""))
		require.NoError(t, err)
		list, err = store.Sessions().List(t.Context(), user.ID, now)
		require.NoError(t, err)
		require.Equal(t, first.ID, list[0].ID)
		require.Equal(t, now.Add(time.Minute), list[0].LastUsedAt)
		expired, err := store.Sessions().List(t.Context(), user.ID, now.Add(24*time.Hour))
		require.NoError(t, err)
		require.Empty(t, expired)
	})
}
