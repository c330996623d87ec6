package usecase_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func TestRefreshToken_KeepsTheSessionAndReplacesTheToken(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		first := k.SignUp("jane@example.com")
		second := k.MustRefresh(first.RefreshToken)
		require.Equal(t, first.ID, second.ID)
		require.NotEqual(t, first.RefreshToken, second.RefreshToken)
		require.Equal(t, first.User, second.User)
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, string(second.RefreshToken))
		k.MustRefresh(second.RefreshToken)
	})
}

func TestRefreshToken_TwoTabsGetTheSameSuccessor(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		s := k.SignUp("jane@example.com")
		successor := k.MustRefresh(s.RefreshToken).RefreshToken
		k.Clock.Advance(30 * time.Second)
		require.Equal(t, successor, k.MustRefresh(s.RefreshToken).RefreshToken)
		require.Empty(t, k.Journal.Entries())
	})
}

func TestRefreshToken_AnOlderGenerationWithinTheGraceStillGetsItsOwnSuccessor(t *testing.T) {
	k := kit.New(t)
	first := k.SignUp("jane@example.com").RefreshToken
	second := k.MustRefresh(first).RefreshToken
	third := k.MustRefresh(second).RefreshToken
	require.Equal(t, second, k.MustRefresh(first).RefreshToken)
	require.Equal(t, third, k.MustRefresh(second).RefreshToken)
	k.MustRefresh(third)
}

func TestRefreshToken_AReplacedTokenPresentedLaterEndsTheSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for generations := range 5 {
			k := kit.New(t, on)
			s := k.SignUp(domain.Email("jane" + string(rune('0'+generations)) + "@example.com"))
			current := k.MustRefresh(s.RefreshToken).RefreshToken
			for range generations {
				k.Clock.Advance(10 * time.Minute)
				current = k.MustRefresh(current).RefreshToken
			}
			k.Clock.Advance(31 * time.Second)
			_, err := k.Refresh(s.RefreshToken)
			require.ErrorIs(t, err, domain.InvalidRefreshToken)
			_, err = k.Refresh(current)
			require.ErrorIs(t, err, domain.InvalidRefreshToken, "the thief's or the owner's: both are out")
			require.Equal(t, []string{"refresh token reused: user " + string(s.User.ID) + " session " + string(s.ID)}, k.Journal.Entries())
		}
	})
}

func TestRefreshToken_ReuseEndsNoOtherSessionOfTheUser(t *testing.T) {
	k := kit.New(t)
	stolen := k.SignUp("jane@example.com")
	other, err := k.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
	k.MustRefresh(stolen.RefreshToken)
	k.Clock.Advance(time.Minute)
	_, err = k.Refresh(stolen.RefreshToken)
	require.ErrorIs(t, err, domain.InvalidRefreshToken)
	k.MustRefresh(other.RefreshToken)
}

func TestRefreshToken_WithoutGraceEveryRepetitionIsReuse(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.Session.Grace = 0 })
	s := k.SignUp("jane@example.com")
	successor := k.MustRefresh(s.RefreshToken).RefreshToken
	_, err := k.Refresh(s.RefreshToken)
	require.ErrorIs(t, err, domain.InvalidRefreshToken)
	_, err = k.Refresh(successor)
	require.ErrorIs(t, err, domain.InvalidRefreshToken)
}

func TestRefreshToken_ParallelCallersNeverForkASession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		token := k.SignUp("jane@example.com").RefreshToken
		for _, n := range []int{2, 20, 100} {
			answers := make([]usecase.Session, n)
			errs := make([]error, n)
			var callers sync.WaitGroup
			for i := range n {
				callers.Go(func() { answers[i], errs[i] = k.UseCases.RefreshToken.Do(context.Background(), token) })
			}
			callers.Wait()
			for i := range n {
				require.NoError(t, errs[i])
				require.Equal(t, answers[0].RefreshToken, answers[i].RefreshToken)
			}
			require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
			token = answers[0].RefreshToken
		}
	})
}

func TestRefreshToken_ExpiresWhenItIsNotUsedAndLivesWhileItIs(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		token := k.SignUp("jane@example.com").RefreshToken
		for range 3 {
			k.Clock.Advance(30*24*time.Hour - time.Second)
			token = k.MustRefresh(token).RefreshToken
		}
		k.Clock.Advance(30 * 24 * time.Hour)
		_, err := k.Refresh(token)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		require.Empty(t, k.Journal.Entries(), "old age is no theft")
	})
}

func TestRefreshToken_ADisabledUserCannotGoOnAndASessionSurvivesTheBan(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		token := k.SignUp("jane@example.com").RefreshToken
		k.Exec("UPDATE auth.users SET disabled = true")
		for range 3 {
			k.Clock.Advance(time.Hour)
			_, err := k.Refresh(token)
			require.ErrorIs(t, err, domain.DisabledUser)
		}
		k.Exec("UPDATE auth.users SET disabled = false")
		k.MustRefresh(token)
	})
}

func TestRefreshToken_AUserWhoMustVerifyGetsNoFurther(t *testing.T) {
	k := kit.New(t)
	token := k.SignUp("jane@example.com").RefreshToken
	k.UseCases.RefreshToken.Policy.RequireVerified = true
	_, err := k.Refresh(token)
	require.ErrorIs(t, err, domain.UnverifiedUser)
	k.Exec("UPDATE auth.users SET email_verified = true")
	k.MustRefresh(token)
}

func TestRefreshToken_AnonymousUsersRefreshWhenVerificationIsRequired(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.SignIn.RequireVerified = true })
	session, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	require.True(t, k.MustRefresh(session.RefreshToken).User.IsAnonymous)
}

func TestRefreshToken_BringsChangedRolesToTheClient(t *testing.T) {
	k := kit.New(t)
	token := k.SignUp("jane@example.com").RefreshToken
	k.Exec("DELETE FROM auth.user_roles WHERE role = 'me'")
	session := k.MustRefresh(token)
	require.Equal(t, []domain.Role{"user"}, session.User.Roles)
	claims, err := k.Tokens.Verify(t.Context(), session.AccessToken)
	require.NoError(t, err)
	require.Equal(t, []domain.Role{"user"}, claims.AllowedRoles)
}

func TestRefreshToken_PersonalAccessTokensAndNonsenseAreNoRefreshTokens(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		token := k.SignUp("jane@example.com").RefreshToken
		k.Exec("UPDATE auth.refresh_tokens SET type = 'pat'")
		for _, nonsense := range []domain.RefreshToken{token, "", "x", "00000000-0000-4000-8000-000000000000"} {
			_, err := k.Refresh(nonsense)
			require.ErrorIs(t, err, domain.InvalidRefreshToken)
		}
	})
}

func TestRefreshToken_ASessionTakenOverFromHasuraAuthGoesOn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		s := k.SignUp("jane@example.com")
		old := domain.RefreshToken("7a3c1ad7-5e0a-4c7c-9b43-fd8cf5e8a0b1")
		k.Exec("UPDATE auth.refresh_tokens SET refresh_token_hash = '" + string(old.Hash()) + "'")
		second := k.MustRefresh(old)
		require.Equal(t, s.ID, second.ID)
		third := k.MustRefresh(second.RefreshToken)
		k.Clock.Advance(time.Minute)
		_, err := k.Refresh(old)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		_, err = k.Refresh(third.RefreshToken)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
	})
}

func TestRefreshToken_TheDatabaseHoldsNoTokenInClear(t *testing.T) {
	k := kit.New(t)
	token := k.SignUp("jane@example.com").RefreshToken
	for range 3 {
		next := k.MustRefresh(token).RefreshToken
		for _, secret := range []domain.RefreshToken{token, next} {
			require.Zero(t, k.Count(`SELECT count(*) FROM auth.refresh_tokens WHERE refresh_token_hash || hx_family || hx_recent || id
				LIKE '%`+string(secret[len(secret)-12:])+`%'`))
		}
		token = next
	}
}

func TestSignOut_EndsTheSessionWithAnyOfItsTokens(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		s := k.SignUp("jane@example.com")
		current := k.MustRefresh(s.RefreshToken).RefreshToken
		require.NoError(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{Token: s.RefreshToken}))
		_, err := k.Refresh(current)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		require.NoError(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{Token: current}), "signing out twice is fine")
	})
}

func TestSignOut_AllEndsEverySessionAndKeepsPersonalAccessTokens(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		first := k.SignUp("jane@example.com")
		k.Exec("UPDATE auth.refresh_tokens SET type = 'pat'")
		second, err := k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		require.NoError(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{Bearer: first.User.ID, All: true}))
		_, err = k.Refresh(second.RefreshToken)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.refresh_tokens WHERE type = 'pat'"))
	})
}

func TestSignOut_AllNeedsToKnowWhose(t *testing.T) {
	k := kit.New(t)
	require.ErrorIs(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{All: true}), domain.InvalidRequest)
	require.ErrorIs(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{}), domain.InvalidRequest)
}

func TestDeleteExpired_RemovesThemInBatches(t *testing.T) {
	k := kit.New(t)
	for range 7 {
		k.SignUp(domain.Email("u" + k.Random.UUID() + "@example.com"))
	}
	k.Clock.Advance(31 * 24 * time.Hour)
	live, err := k.SignIn("nobody@example.com", kit.Password)
	require.ErrorIs(t, err, domain.InvalidEmailPassword)
	require.Empty(t, live.RefreshToken)
	job := &usecase.DeleteExpired{Store: k.Store, Clock: k.Clock, Batch: 3, KeepEvents: 1000 * time.Hour}
	removed, err := job.Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, 7, removed)
}
