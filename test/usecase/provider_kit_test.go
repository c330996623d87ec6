package usecase_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// visitor is a browser that goes to providers.
type visitor struct {
	t *testing.T
	*kit.Kit
	provider *kit.Provider // "github"
	other    *kit.Provider // "google"
	browser  domain.BrowserSecret
}

func newVisitor(t *testing.T, changes ...func(*kit.Settings)) *visitor {
	t.Helper()
	v := &visitor{t: t, provider: &kit.Provider{}, other: &kit.Provider{}}
	changes = append([]func(*kit.Settings){kit.WithProviders(map[string]*kit.Provider{"github": v.provider, "google": v.other})}, changes...)
	v.Kit = kit.New(t, changes...)
	return v
}

func requireVerified(s *kit.Settings) { s.SignIn.RequireVerified = true }

// visit is how a test wants a flow to be.
type visit struct {
	signUp bool
	usecase.ProviderVisitInput
}

// depart goes to GitHub.
func (v *visitor) depart(in visit) usecase.ProviderDeparture {
	v.t.Helper()
	got, err := v.tryDepart(in)
	require.NoError(v.t, err)
	return got
}

func (v *visitor) tryDepart(in visit) (usecase.ProviderDeparture, error) {
	if in.Provider == "" {
		in.Provider = "github"
	}
	in.Browser, in.CookieReturns = v.browser, true
	do := v.UseCases.SignInProvider.Do
	if in.signUp {
		do = v.UseCases.SignUpProvider.Do
	}
	got, err := do(v.t.Context(), in.ProviderVisitInput)
	if err == nil {
		v.browser = got.Browser
	}
	return got, err
}

// answer is what the browser brings back to GitHub's callback.
func (v *visitor) answer(departure usecase.ProviderDeparture, who domain.ProviderIdentity) usecase.SignInProviderCallbackInput {
	v.t.Helper()
	state, answer := v.provider.Agree(v.t, departure.Location, kit.Consent{Identity: who, Tokens: domain.ProviderTokens{AccessToken: "a", RefreshToken: "r"}})
	return usecase.SignInProviderCallbackInput{Provider: "github", State: state, Answer: answer, Browser: v.browser}
}

func (v *visitor) callback(in usecase.SignInProviderCallbackInput) (url.Values, error) {
	location, err := v.UseCases.SignInProviderCallback.Do(context.Background(), in)
	if err != nil {
		return nil, err
	}
	parsed, err := url.Parse(location)
	require.NoError(v.t, err)
	require.Equal(v.t, "app.example.com", parsed.Host)
	return parsed.Query(), nil
}

// through is a whole flow.
func (v *visitor) through(in visit, who domain.ProviderIdentity) (url.Values, error) {
	v.t.Helper()
	departure, err := v.tryDepart(in)
	if err != nil {
		return nil, err
	}
	return v.callback(v.answer(departure, who))
}

// arrives is a whole flow that ends with a session, which it returns.
func (v *visitor) arrives(who domain.ProviderIdentity) usecase.Session {
	v.t.Helper()
	query, err := v.through(visit{}, who)
	require.NoError(v.t, err)
	require.NotEmpty(v.t, query.Get("refreshToken"))
	return v.MustRefresh(domain.RefreshToken(query.Get("refreshToken")))
}

// refusedWith holds an error to its code and the place it is sent to; "" for nowhere.
func refusedWith(t *testing.T, err error, code domain.Code, target string) map[string]string {
	t.Helper()
	require.ErrorIs(t, err, code)
	var redirected *usecase.RedirectedError
	if target == "" {
		require.NotErrorAs(t, err, &redirected)
		return nil
	}
	require.ErrorAs(t, err, &redirected)
	require.Equal(t, target, redirected.Target)
	return redirected.Parameters
}

const client = "https://app.example.com"

// jane is a new identity with an attested address.
func jane() domain.ProviderIdentity {
	return domain.ProviderIdentity{
		Provider: "github", ID: uuid.NewString(), Email: "jane@example.com", EmailVerified: true, Name: "Jane Doe", AvatarURL: "https://example.com/jane.png",
	}
}

func unattested() domain.ProviderIdentity {
	who := jane()
	who.EmailVerified = false
	return who
}

// count counts rows.
func (v *visitor) counts(users, links, sessions int) {
	v.t.Helper()
	require.Equal(v.t, []int{users, links, sessions}, []int{
		v.Count("SELECT count(*) FROM auth.users"), v.Count("SELECT count(*) FROM auth.user_providers"), v.Count("SELECT count(*) FROM auth.refresh_tokens"),
	}, "users, links, sessions")
}

func pointer(text string) *string { return &text }

const tenMinutes = 10 * time.Minute
