package usecase_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// claimsApp is the source of claims: it says how many users the database had when it was asked, and writes into it, which a transaction that
// was still open would keep it from.
type claimsApp struct {
	kit   *kit.Kit
	asked atomic.Int64
	away  atomic.Bool
}

func (a *claimsApp) Of(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	a.asked.Add(1)
	if a.away.Load() {
		return nil, errors.New("the app is away")
	}
	if err := a.kit.Store.Roles().Ensure(ctx, []domain.Role{"asked"}); err != nil {
		return nil, err
	}
	found, err := a.kit.Store.Users().ByID(ctx, user)
	return domain.CustomClaims{"Locale": found.Locale, "teams": []any{"a", "b"}, "user-id": "somebody else", "nothing": nil}, err
}

// withApp wires a product whose tokens have claims of the app.
func withApp(t *testing.T, failure domain.ClaimsFailure, changes ...func(*kit.Settings)) (*kit.Kit, *claimsApp) {
	t.Helper()
	a := &claimsApp{}
	k := kit.New(t, append(changes, func(s *kit.Settings) {
		s.CustomClaims = a
		s.ClaimsPolicy = domain.CustomClaimsPolicy{OnFailure: failure, Defaults: domain.CustomClaims{"plan": "free"}}
	})...)
	a.kit = k
	return k, a
}

// hasuraClaims returns the app's claims of a token and checks that the server's are as they have to be.
func hasuraClaims(t *testing.T, session usecase.Session) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(session.AccessToken, ".")[1])
	require.NoError(t, err)
	var token map[string]any
	require.NoError(t, json.Unmarshal(payload, &token))
	claims := token["https://hasura.io/jwt/claims"].(map[string]any)
	require.Equal(t, string(session.User.ID), claims["x-hasura-user-id"])
	for _, own := range []string{"user-id", "allowed-roles", "default-role", "user-is-anonymous"} {
		require.Contains(t, claims, "x-hasura-"+own)
		delete(claims, "x-hasura-"+own)
	}
	return claims
}

func settled() map[string]any {
	return map[string]any{"x-hasura-locale": "en", "x-hasura-teams": `{"a","b"}`, "x-hasura-nothing": "null", "x-hasura-plan": "free"}
}

func TestCustomClaims_AreInTheTokenOfEveryWayIn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for _, failure := range []domain.ClaimsFailure{domain.ClaimsOmitted, domain.ClaimsDemanded} {
			k, a := withApp(t, failure, on)
			ways := map[string]func() (usecase.Session, error){
				"sign-up":   func() (usecase.Session, error) { return k.SignUp("jane@example.com"), nil },
				"anonymous": func() (usecase.Session, error) { return k.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{}) },
				"code": func() (usecase.Session, error) {
					return verifyCode(k, "joe@example.com", askByCode(t, k, "joe@example.com"))
				},
			}
			k.Exec("DELETE FROM auth.users") // the other round's
			for name, way := range ways {
				session, err := way()
				require.NoError(t, err, name)
				require.Equal(t, settled(), hasuraClaims(t, session), name)
				require.Equal(t, settled(), hasuraClaims(t, k.MustRefresh(session.RefreshToken)), name)
				again, err := k.Refresh(session.RefreshToken)
				require.NoError(t, err)
				require.Equal(t, settled(), hasuraClaims(t, again), name+", repeated")
			}
			session, err := k.SignIn("jane@example.com", kit.Password)
			require.NoError(t, err)
			require.Equal(t, settled(), hasuraClaims(t, session))
			_, token := createPAT(t, k, session.User.ID, time.Hour)
			session, err = k.SignInPAT.Do(t.Context(), token)
			require.NoError(t, err)
			require.Equal(t, settled(), hasuraClaims(t, session))
			require.EqualValues(t, 3*3+2, a.asked.Load())

			phone := enrol(t, k, session.User.ID)
			ticket := firstStep(t, k)
			require.EqualValues(t, 3*3+2, a.asked.Load(), "a first step gives no token")
			k.Clock.Advance(time.Minute)
			session, err = secondStep(k, ticket, phone.code())
			require.NoError(t, err)
			require.Equal(t, settled(), hasuraClaims(t, session))
			k.Clock.Advance(time.Minute)
			session, err = k.ElevateTOTP.Do(t.Context(), session.User.ID, phone.code())
			require.NoError(t, err)
			elevated := hasuraClaims(t, session)
			require.Equal(t, string(session.User.ID), elevated["x-hasura-auth-elevated"])
			delete(elevated, "x-hasura-auth-elevated")
			require.Equal(t, settled(), elevated)
		}
	})
}

func TestCustomClaims_ASourceThatIsAwayKeepsNobodyOutUnlessItMust(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for failure, want := range map[domain.ClaimsFailure]map[string]any{
			domain.ClaimsOmitted: {}, domain.ClaimsDefaulted: {"x-hasura-plan": "free"},
		} {
			k, a := withApp(t, failure, on)
			a.away.Store(true)
			session := k.SignUp(domain.Email(failure) + "@example.com")
			require.Equal(t, want, hasuraClaims(t, session))
			require.Equal(t, want, hasuraClaims(t, k.MustRefresh(session.RefreshToken)))
		}
	})
}

func TestCustomClaims_WhoIsRefusedForLackOfThemComesAgainWithTheSameToken(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k, a := withApp(t, domain.ClaimsDemanded, on)
		session := k.SignUp("jane@example.com")
		next := k.MustRefresh(session.RefreshToken)
		a.away.Store(true)
		for range 3 {
			_, err := k.Refresh(next.RefreshToken)
			require.ErrorIs(t, err, domain.Unavailable)
			k.Clock.Advance(time.Hour) // far beyond the grace
		}
		sessions := k.Count("SELECT count(*) FROM auth.refresh_tokens")
		_, err := k.SignIn("jane@example.com", kit.Password)
		require.ErrorIs(t, err, domain.Unavailable)
		require.Equal(t, sessions, k.Count("SELECT count(*) FROM auth.refresh_tokens"), "a session that nobody could use was opened")
		a.away.Store(false)
		require.Equal(t, settled(), hasuraClaims(t, k.MustRefresh(next.RefreshToken)))
		require.Empty(t, k.Journal.Entries())
	})
}

func TestCustomClaims_WhereTheyAreAMustBadTokensAreJudgedAsEver(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k, a := withApp(t, domain.ClaimsDemanded, on)
		session := k.SignUp("jane@example.com")
		k.MustRefresh(session.RefreshToken)
		asked := a.asked.Load()
		_, err := k.Refresh("0b0e8a54-7c7c-4bd8-8b58-cd6a3b2a9f11")
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		k.Clock.Advance(time.Hour)
		_, err = k.Refresh(session.RefreshToken)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		require.Len(t, k.Journal.Entries(), 1, "reuse is noticed")
		require.Equal(t, asked, a.asked.Load())
	})
}
