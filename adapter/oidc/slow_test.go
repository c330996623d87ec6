package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/hostile"
	"github.com/hexauth/hexauth/test/kit"
)

// stalls is an issuer that says nothing at one path.
type stalls struct {
	at    string
	says  hostile.Transport
	asked atomic.Int64 // there
}

func (s *stalls) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != s.at {
		return s.says.RoundTrip(r)
	}
	s.asked.Add(1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

const discovery = "/.well-known/openid-configuration"

// newStalls returns an issuer whose users have no name in their id tokens, so that all there is has to be asked for.
func newStalls(t testing.TB, at string) (*stalls, *oidc.Issuer, *string) {
	spoken := &spoken{clock: kit.NewClock(), signer: newES256(t)}
	nonce, now := "", spoken.clock.Now()
	s := &stalls{at: at, says: func(r *http.Request) hostile.Answer {
		switch r.URL.Path {
		case discovery:
			return hostile.Answer{Body: []byte(document)}
		case "/keys":
			return hostile.Answer{Body: spoken.keys(t)}
		case "/token":
			id := spoken.signer.sign(t, map[string]any{
				"iss": fuzzedIssuer, "sub": "1", "aud": "client", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": nonce,
			})
			return hostile.Answer{Body: []byte(`{"access_token":"a","token_type":"Bearer","id_token":"` + id + `"}`)}
		}
		return hostile.Answer{Body: []byte(`{"sub":"1","email":"jane@example.com","name":"Jane"}`)}
	}}
	issuer := oidc.NewIssuer(oidc.Settings{Name: "corp", Issuer: fuzzedIssuer, ClientID: "client", ClientSecret: "s"},
		oidc.Options{Clock: spoken.clock, Random: system.Random{}, Client: &http.Client{Transport: s}})
	return s, issuer, &nonce
}

func TestIssuer_NobodyWaitsLongerThanTenSecondsForASlowOne(t *testing.T) {
	for at, want := range map[string]error{
		discovery: domain.OAuthProviderError, "/token": domain.OAuthTokenExchangeFailed, "/keys": domain.OAuthProfileFetchFailed, "/me": domain.OAuthProfileFetchFailed,
		"nowhere": nil,
	} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, issuer, nonce := newStalls(t, at)
				began := time.Now()
				location, secret, err := issuer.Begin(t.Context(), port.AuthorizationRequest{State: "state", RedirectURI: "https://auth.example.com"})
				if err == nil {
					parsed, errURL := url.Parse(location)
					require.NoError(t, errURL)
					*nonce = parsed.Query().Get("nonce")
					_, _, err = issuer.Finish(t.Context(), port.ProviderCallback{Code: "code", RedirectURI: "https://auth.example.com"}, secret)
				}
				require.ErrorIs(t, err, want)
				if want == nil {
					return
				}
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, 10*time.Second, time.Since(began))
			})
		})
	}
}

func TestIssuer_RefreshingWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, issuer, _ := newStalls(t, "/token")
		began := time.Now()
		_, err := issuer.Refresh(t.Context(), "refresh")
		require.ErrorIs(t, err, domain.OAuthProviderError)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

// A crowd that brings id tokens asks a slow issuer once, and nobody waits one after the other.
func TestIssuer_ACrowdWaitsOnceForASlowOne(t *testing.T) {
	s, issuer, _ := newStalls(t, "/keys")
	token := compact(t, jose.ES256, jose.JSONWebKey{Key: newES256(t).private, KeyID: "x"}, map[string]any{})
	began := time.Now()
	var crowd sync.WaitGroup
	for range 100 {
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := issuer.Verify(ctx, token, ""); err == nil {
				t.Error("nobody knows the key")
			}
		})
	}
	crowd.Wait()
	require.Less(t, time.Since(began), 10*time.Second)
	require.EqualValues(t, 1, s.asked.Load())
}
