package usecase_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func TestProviderState_WorksOnceOfAHundred(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on)
		input := v.answer(v.depart(visit{}), jane())
		var all sync.WaitGroup
		failures := make([]error, 100)
		for i := range failures {
			all.Go(func() { _, failures[i] = v.callback(input) })
		}
		all.Wait()
		won := 0
		for _, err := range failures {
			if err == nil {
				won++
				continue
			}
			refusedWith(t, err, domain.InvalidState, client)
		}
		require.Equal(t, 1, won)
		v.counts(1, 1, 1)
	})
}

func TestProviderState_LivesTenMinutes(t *testing.T) {
	v := newVisitor(t)
	input := v.answer(v.depart(visit{}), jane())
	v.Clock.Advance(tenMinutes - time.Second)
	_, err := v.callback(input)
	require.NoError(t, err)
	input = v.answer(v.depart(visit{}), jane())
	v.Clock.Advance(tenMinutes)
	_, err = v.callback(input)
	require.Equal(t, map[string]string{"provider_state": string(input.State)}, refusedWith(t, err, domain.InvalidState, client))
	v.Clock.Advance(time.Second)
	_, err = (&usecase.DeleteExpired{Store: v.Store, Clock: v.Clock, Batch: 10}).Do(t.Context())
	require.NoError(t, err)
	require.Zero(t, v.Count("SELECT count(*) FROM auth.hexauth_provider_states"))
}

func TestProviderState_IsGoodForTheProviderItWasMadeFor(t *testing.T) {
	v := newVisitor(t)
	departure := v.depart(visit{})
	input := v.answer(departure, jane())
	input.Provider = "google"
	_, err := v.callback(input)
	refusedWith(t, err, domain.InvalidState, client)
	input.Provider = "github"
	_, err = v.callback(input)
	refusedWith(t, err, domain.InvalidState, client)
	v.counts(0, 0, 0)
}

func TestProviderState_TheAnswerOfAnotherIssuerOrRequestIsRefused(t *testing.T) {
	v := newVisitor(t)
	input := v.answer(v.depart(visit{}), jane())
	input.Answer.Issuer = "https://mallory.example"
	_, err := v.callback(input)
	refusedWith(t, err, domain.OAuthTokenExchangeFailed, client)

	mine, mallorys := v.answer(v.depart(visit{}), jane()), v.answer(v.depart(visit{}), jane())
	mine.Answer = mallorys.Answer // a code of another request, injected
	_, err = v.callback(mine)
	refusedWith(t, err, domain.OAuthTokenExchangeFailed, client)
	v.counts(0, 0, 0)
}

func TestProviderState_ComesBackInTheBrowserThatLeft(t *testing.T) {
	other := domain.NewBrowserSecret([16]byte{1}, [16]byte{2})
	challenge := usecase.ProviderVisitInput{CodeChallenge: domain.S256("verifier")}
	for name, test := range map[string]struct {
		input   usecase.ProviderVisitInput
		browser func(own domain.BrowserSecret) domain.BrowserSecret
		refused bool
	}{
		"the same browser":                       {usecase.ProviderVisitInput{}, func(own domain.BrowserSecret) domain.BrowserSecret { return own }, false},
		"another browser":                        {usecase.ProviderVisitInput{}, func(domain.BrowserSecret) domain.BrowserSecret { return other }, true},
		"no cookie":                              {usecase.ProviderVisitInput{}, func(domain.BrowserSecret) domain.BrowserSecret { return "" }, true},
		"no cookie, bound by the app's verifier": {challenge, func(domain.BrowserSecret) domain.BrowserSecret { return "" }, false},
		"another browser, app with a verifier":   {challenge, func(domain.BrowserSecret) domain.BrowserSecret { return other }, true},
	} {
		v := newVisitor(t)
		input := v.answer(v.depart(visit{ProviderVisitInput: test.input}), jane())
		input.Browser = test.browser(input.Browser)
		_, err := v.callback(input)
		if !test.refused {
			require.NoError(t, err, name)
			continue
		}
		refusedWith(t, err, domain.InvalidState, client)
		v.counts(0, 0, 0)
	}
}

func TestProviderState_LinkingNeedsTheBrowserWhateverTheAppHas(t *testing.T) {
	v := newVisitor(t)
	session := v.SignUp("joe@example.com")
	input := v.answer(v.depart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &session.AccessToken, CodeChallenge: domain.S256("x")}}), jane())
	input.Browser = ""
	_, err := v.callback(input)
	refusedWith(t, err, domain.InvalidState, client)
}

func TestProviderState_OneBrowserMayHaveSeveralFlowsAtOnce(t *testing.T) {
	v := newVisitor(t)
	first := v.depart(visit{})
	second := v.depart(visit{})
	require.Equal(t, first.Browser, second.Browser)
	for _, departure := range []usecase.ProviderDeparture{first, second} {
		_, err := v.callback(v.answer(departure, domain.ProviderIdentity{Provider: "github", ID: "1"}))
		require.NoError(t, err)
	}
	v.browser = "planted by somebody"
	require.True(t, v.depart(visit{}).Browser.WellFormed(), "only a secret of ours is taken over")
}

func TestProviderState_WhereTheCookieCanNotReturnNoneIsDemanded(t *testing.T) {
	v := newVisitor(t)
	departure, err := v.UseCases.SignInProvider.Do(t.Context(), usecase.ProviderVisitInput{Provider: "github"})
	require.NoError(t, err)
	require.Empty(t, departure.Browser)
	_, err = v.callback(v.answer(departure, jane()))
	require.NoError(t, err)
}

func TestProviderState_IsSharedByInstances(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		var settings kit.Settings
		on(&settings)
		if settings.URL == "" {
			file := "sqlite://" + t.TempDir() + "/auth.db"
			on = func(s *kit.Settings) { s.URL = file }
		}
		one, two := newVisitor(t, on), newVisitor(t, on)
		departure := one.depart(visit{})
		two.browser = one.browser
		state, answer := two.provider.Agree(t, departure.Location, kit.Consent{Identity: jane()})
		input := usecase.SignInProviderCallbackInput{Provider: "github", State: state, Answer: answer, Browser: two.browser}
		_, err := two.callback(input)
		require.NoError(t, err)
		_, err = one.callback(input)
		refusedWith(t, err, domain.InvalidState, client)
	})
}

func TestProviderState_RestsEncryptedAndHashed(t *testing.T) {
	v := newVisitor(t)
	departure := v.depart(visit{ProviderVisitInput: usecase.ProviderVisitInput{State: pointer("the app's state")}})
	state := strings.Split(strings.Split(departure.Location, "state=")[1], "&")[0]
	require.Len(t, state, 43)
	require.Equal(t, 1, v.Count("SELECT count(*) FROM auth.hexauth_provider_states WHERE payload NOT LIKE '%state%' AND state_hash NOT LIKE '%"+state+"%'"))
	require.NotContains(t, departure.Location, "the app")
}

func TestProviderState_ErrorsTravelToWhereTheFlowLeads(t *testing.T) {
	v := newVisitor(t)
	target := client + "/in?x=1"
	in := visit{ProviderVisitInput: usecase.ProviderVisitInput{State: pointer("s"), Options: domain.SignUpOptions{RedirectTo: target}}}
	input := v.answer(v.depart(in), jane())
	input.Error = usecase.ProviderComplaint{Code: "access_denied", Description: "The user said no", URI: strings.Repeat("x", 600)}
	_, err := v.callback(input)
	require.Equal(t, map[string]string{"state": "s", "provider_error": "access_denied", "provider_error_description": "The user said no"},
		refusedWith(t, err, domain.OAuthProviderError, target))

	input = v.answer(v.depart(in), jane())
	delete(v.Settings.Providers, "github")
	_, err = v.callback(input)
	require.Equal(t, map[string]string{"state": "s"}, refusedWith(t, err, domain.DisabledEndpoint, target))
	_, err = v.tryDepart(in)
	require.Equal(t, map[string]string{"state": "s"}, refusedWith(t, err, domain.DisabledEndpoint, target))
	v.Settings.Providers["github"] = v.provider

	_, err = v.tryDepart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Options: domain.SignUpOptions{RedirectTo: "https://evil.example"}}})
	refusedWith(t, err, domain.RedirectToNotAllowed, "")
	_, err = v.tryDepart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Provider: "nobody"}})
	refusedWith(t, err, domain.SchemaValidation, "")
	for _, failure := range []error{domain.OAuthTokenExchangeFailed, domain.OAuthProfileFetchFailed, domain.Unavailable, errors.New("unforeseen")} {
		input = v.answer(v.depart(visit{}), jane())
		v.provider.Fail = failure
		_, err = v.callback(input)
		var redirected *usecase.RedirectedError
		require.ErrorAs(t, err, &redirected)
		require.ErrorIs(t, err, failure)
		v.provider.Fail = nil
	}
	v.provider.Fail = domain.OAuthProviderError
	_, err = v.tryDepart(visit{})
	refusedWith(t, err, domain.OAuthProviderError, client)
}

func TestProviderState_WithoutAClientAddressErrorsAreAnsweredHere(t *testing.T) {
	v := newVisitor(t, func(s *kit.Settings) { s.ClientURL, s.Redirects = "", []string{client} })
	_, err := v.callback(usecase.SignInProviderCallbackInput{Provider: "github", State: "unknown", Answer: port.ProviderCallback{Code: "x"}})
	refusedWith(t, err, domain.InvalidState, "")
}
