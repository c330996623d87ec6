package usecase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func createPAT(t *testing.T, k *kit.Kit, bearer domain.UserID, life time.Duration) (id, token string) {
	t.Helper()
	id, token, err := k.CreatePAT.Do(t.Context(), usecase.CreatePATInput{Bearer: bearer, ExpiresAt: k.Clock.Now().Add(life), Metadata: `{"name":"backup"}`})
	require.NoError(t, err)
	return id, token
}

func TestPAT_SignsInAgainAndAgainUntilItExpires(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		owner := k.SignUp("jane@example.com").User
		_, token := createPAT(t, k, owner.ID, time.Hour)
		for range 2 {
			session, err := k.SignInPAT.Do(t.Context(), token)
			require.NoError(t, err)
			require.Equal(t, owner, session.User)
			k.MustRefresh(session.RefreshToken)
		}
		k.Clock.Advance(time.Hour)
		_, err := k.SignInPAT.Do(t.Context(), token)
		require.Equal(t, error(domain.InvalidPAT), err)
	})
}

func TestPAT_IsNoRefreshTokenAndARefreshTokenIsNoPAT(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	_, token := createPAT(t, k, session.User.ID, time.Hour)
	_, err := k.Refresh(domain.RefreshToken(token))
	require.Equal(t, error(domain.InvalidRefreshToken), err)
	_, err = k.SignInPAT.Do(t.Context(), string(session.RefreshToken))
	require.Equal(t, error(domain.InvalidPAT), err)
}

func TestPAT_ExpiryMustLieInTheFutureAndWithinTheLimit(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.PAT.MaxLifetime = 24 * time.Hour })
	owner := k.SignUp("jane@example.com").User.ID
	for _, life := range []time.Duration{-time.Second, 0, 24*time.Hour + time.Second} {
		_, _, err := k.CreatePAT.Do(t.Context(), usecase.CreatePATInput{Bearer: owner, ExpiresAt: k.Clock.Now().Add(life)})
		require.ErrorIs(t, err, domain.InvalidRequest, life)
	}
	createPAT(t, k, owner, 24*time.Hour)
}

func TestPAT_AUserHasABoundedNumber(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		owner, other := k.SignUp("jane@example.com").User.ID, k.SignUp("joe@example.com").User.ID
		create := func(bearer domain.UserID) error {
			_, _, err := k.CreatePAT.Do(t.Context(), usecase.CreatePATInput{Bearer: bearer, ExpiresAt: k.Clock.Now().Add(time.Hour)})
			return err
		}
		createPAT(t, k, owner, time.Minute)
		first, _ := createPAT(t, k, owner, time.Hour)
		for range domain.MaxPATs - 2 {
			require.NoError(t, create(owner))
		}
		refused := &domain.FieldError{Code: domain.InvalidRequest, Field: "user", Reason: "has 100 personal access tokens, the most there may be: remove one first"}
		require.Equal(t, error(refused), create(owner))
		require.NoError(t, create(other))
		require.Equal(t, 1+domain.MaxPATs, k.Count("SELECT count(*) FROM auth.refresh_tokens WHERE type = 'pat'"))
		k.Clock.Advance(time.Minute)
		require.NoError(t, create(owner), "an expired one does not count")
		require.Equal(t, error(refused), create(owner))
		require.NoError(t, k.DeletePAT.Do(t.Context(), owner, first))
		require.NoError(t, create(owner))
	})
}

func TestPAT_IsOfNoUseToDisabledOrUnverifiedUsers(t *testing.T) {
	k := kit.New(t)
	owner := k.SignUp("jane@example.com").User.ID
	_, token := createPAT(t, k, owner, time.Hour)
	k.SignInPAT.Policy.RequireVerified = true
	_, err := k.SignInPAT.Do(t.Context(), token)
	require.Equal(t, error(domain.UnverifiedUser), err)
	k.Exec("UPDATE auth.users SET disabled = true")
	_, err = k.SignInPAT.Do(t.Context(), token)
	require.Equal(t, error(domain.DisabledUser), err)
}

func TestPAT_IsNotForAnonymousUsers(t *testing.T) {
	k := kit.New(t)
	session, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	_, _, err = k.CreatePAT.Do(t.Context(), usecase.CreatePATInput{Bearer: session.User.ID, ExpiresAt: k.Clock.Now().Add(time.Hour)})
	require.Equal(t, error(domain.ForbiddenAnonymous), err)
}

func TestPAT_IsListedWithoutItsSecretAndRevokedByItsOwnerAlone(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		jane, joe := k.SignUp("jane@example.com").User.ID, k.SignUp("joe@example.com").User.ID
		first, firstToken := createPAT(t, k, jane, time.Hour)
		k.Clock.Advance(time.Minute)
		second, _ := createPAT(t, k, jane, time.Hour)
		list, err := k.ListPATs.Do(t.Context(), jane)
		require.NoError(t, err)
		require.Equal(t, []string{second, first}, []string{list[0].ID, list[1].ID})
		require.Equal(t, domain.RefreshToken(firstToken).Hash(), list[1].TokenHash)
		require.Equal(t, k.Clock.Now().Add(time.Hour), list[0].ExpiresAt)
		require.Contains(t, string(list[0].Metadata), "backup")
		others, err := k.ListPATs.Do(t.Context(), joe)
		require.NoError(t, err)
		require.Empty(t, others)
		require.Equal(t, error(domain.NotFound), k.DeletePAT.Do(t.Context(), joe, first))
		require.NoError(t, k.DeletePAT.Do(t.Context(), jane, first))
		require.Equal(t, error(domain.NotFound), k.DeletePAT.Do(t.Context(), jane, first))
		_, err = k.SignInPAT.Do(t.Context(), firstToken)
		require.Equal(t, error(domain.InvalidPAT), err)
	})
}

func TestSessions_AreListedWithWhereTheyWereOpened(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		first := k.SignUp("jane@example.com")
		k.Clock.Advance(time.Hour)
		phone := domain.Device{UserAgent: "Phone", Address: "2001:db8::1"}
		second, err := k.Only(k.UseCases.SignInEmailPassword.Do(domain.WithDevice(t.Context(), phone),
			usecase.SignInEmailPasswordInput{Email: "jane@example.com", Password: kit.Password}))
		require.NoError(t, err)
		createPAT(t, k, first.User.ID, time.Hour)
		k.Clock.Advance(time.Hour)
		k.MustRefresh(first.RefreshToken)
		list, err := k.ListSessions.Do(t.Context(), first.User.ID)
		require.NoError(t, err)
		require.Len(t, list, 2, "a personal access token is no session")
		require.Equal(t, []domain.SessionID{first.ID, second.ID}, []domain.SessionID{list[0].ID, list[1].ID})
		require.Equal(t, k.Clock.Now(), list[0].LastUsedAt)
		require.Equal(t, k.Clock.Now().Add(-2*time.Hour), list[0].CreatedAt)
		require.Equal(t, phone, list[1].Device)
		require.Equal(t, list[1].CreatedAt, list[1].LastUsedAt)
	})
}

func TestSessions_OneOrAllOthersCanBeEnded(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		first := k.SignUp("jane@example.com")
		stranger := k.SignUp("joe@example.com")
		var others []usecase.Session
		for range 3 {
			session, err := k.SignIn("jane@example.com", kit.Password)
			require.NoError(t, err)
			others = append(others, session)
		}
		require.Equal(t, error(domain.NotFound), k.EndSession.Do(t.Context(), first.User.ID, stranger.ID))
		require.NoError(t, k.EndSession.Do(t.Context(), first.User.ID, others[0].ID))
		require.Equal(t, error(domain.NotFound), k.EndSession.Do(t.Context(), first.User.ID, others[0].ID))
		_, err := k.Refresh(others[0].RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
		k.MustRefresh(others[1].RefreshToken)
		require.NoError(t, k.EndOtherSessions.Do(t.Context(), first.User.ID, first.ID))
		_, err = k.Refresh(others[2].RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
		k.MustRefresh(first.RefreshToken)
		k.MustRefresh(stranger.RefreshToken)
	})
}

func TestSessions_AccessTokensNameTheirSession(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	for range 2 {
		claims, err := k.Tokens.Verify(t.Context(), session.AccessToken)
		require.NoError(t, err)
		require.Equal(t, session.ID, claims.SessionID)
		session = k.MustRefresh(session.RefreshToken)
	}
}

func TestSessions_LongUserAgentsAreCut(t *testing.T) {
	device := domain.DeviceOf(domain.WithDevice(t.Context(), domain.Device{UserAgent: string(make([]byte, 1000))}))
	require.Len(t, device.UserAgent, 256)
}
