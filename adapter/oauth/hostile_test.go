package oauth_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/providers"
)

func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// repeating answers with what it was sent, as error pages do.
func repeating(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":"`+r.PostForm.Get("code")+r.Header.Get("Authorization")+`","error_description":"`+r.PostForm.Encode()+`"}`)
	}
}

// places are what is asked for after the browser came back, with the code of the error that follows from a bad answer.
func places(name string) map[string]domain.Code {
	switch name {
	case "apple":
		return map[string]domain.Code{"/token": domain.OAuthTokenExchangeFailed, "/keys": domain.OAuthProfileFetchFailed}
	case "twitter":
		return map[string]domain.Code{"/access_token": domain.OAuthTokenExchangeFailed, "/profile": domain.OAuthProfileFetchFailed}
	case "github", "bitbucket":
		return map[string]domain.Code{
			"/token": domain.OAuthTokenExchangeFailed, "/profile": domain.OAuthProfileFetchFailed, "/profile/emails": domain.OAuthProfileFetchFailed,
		}
	}
	return map[string]domain.Code{"/token": domain.OAuthTokenExchangeFailed, "/profile": domain.OAuthProfileFetchFailed}
}

func TestFinish_BadAnswersAreErrorsWithoutSecrets(t *testing.T) {
	elsewhere := httptest.NewServer(answering(http.StatusOK, "application/json", `{"access_token":"stolen","id":"1","sub":"1"}`))
	defer elsewhere.Close()
	asked := 0
	elsewhere.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ })
	bad := map[string]http.HandlerFunc{
		"HTML with a 200":     answering(http.StatusOK, "text/html", "<html>Please sign in to the hotel's network</html>"),
		"nothing":             answering(http.StatusOK, "application/json", ""),
		"an empty object":     answering(http.StatusOK, "application/json", "{}"),
		"null":                answering(http.StatusOK, "application/json", "null"),
		"half a document":     answering(http.StatusOK, "application/json", `{"access_token":"a","id":"1`),
		"an error with a 200": answering(http.StatusOK, "application/json", `{"error":"server_error"}`),
		"no content":          answering(http.StatusNoContent, "application/json", ""),
		"a refusal":           repeating(http.StatusBadRequest),
		"a failure":           repeating(http.StatusInternalServerError),
		"too many requests":   repeating(http.StatusTooManyRequests),
		"two megabytes":       answering(http.StatusOK, "application/json", `{"access_token":"a","id":"1","x":"`+strings.Repeat("x", 2<<20)+`"}`),
		"a redirect elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"a redirect to itself": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"a broken connection":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for _, name := range providers.Names() {
		for place, code := range places(name) {
			for what, handler := range bad {
				t.Run(name+place+" "+what, func(t *testing.T) {
					b := newBench(t, name)
					b.fake.Instead(place, handler)
					b.fails(code)
				})
			}
		}
	}
	require.Zero(t, asked)
}

// Even a good answer is not read when it never seems to end.
func TestFinish_ReadsNoMoreThanAMegabyte(t *testing.T) {
	blanks := strings.Repeat(" ", 1<<20)
	for place, answer := range map[string]string{"/token": `{"access_token":"a"}`, "/profile": `{"id":"110169484474386276334"}`} {
		b := newBench(t, "google")
		b.fake.Instead(place, answering(http.StatusOK, "application/json", answer+blanks))
		require.Contains(t, b.fails(places("google")[place]), "the answer has more than 1048576 bytes")
	}
}

func TestBegin_TwittersBadAnswersAreErrors(t *testing.T) {
	for what, handler := range map[string]http.HandlerFunc{
		"a refusal":         repeating(http.StatusUnauthorized),
		"no token":          answering(http.StatusOK, "text/html", "oauth_callback_confirmed=true"),
		"not confirmed":     answering(http.StatusOK, "text/html", "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false"),
		"confirmed by none": answering(http.StatusOK, "text/html", "oauth_token=t&oauth_token_secret=s"),
		"two megabytes":     answering(http.StatusOK, "text/html", "oauth_token="+strings.Repeat("x", 2<<20)),
	} {
		b := newBench(t, "twitter")
		b.fake.Instead("/request_token", handler)
		location, secret, err := b.Begin(t.Context(), port.AuthorizationRequest{State: "s", RedirectURI: redirectURI})
		require.ErrorIs(t, err, domain.OAuthProviderError, what)
		require.Empty(t, location+secret)
		require.NotContains(t, err.Error(), "oauth_")
	}
}

// The refusals of each provider in its own words; the error says as much as RFC 6749 allows.
func TestFinish_ARefusedCodeIsAnError(t *testing.T) {
	want := map[string]string{
		"apple": "status 400: invalid_grant", "facebook": "status 400", "github": "status 200: bad_verification_code", "strava": "status 400", "twitch": "status 400",
		"google": "status 400: invalid_grant",
	}
	for name, text := range want {
		b := newBench(t, name)
		callback, secret := b.visit()
		callback.Code = "4/forged-code"
		_, _, err := b.Finish(t.Context(), callback, secret)
		require.EqualError(t, err, "oauth-token-echange-failed: "+name+": "+text)
	}
}

func TestFinish_WrongCredentialsAreAnError(t *testing.T) {
	b := newBench(t, "google", func(s *oauth.Settings) { s.ClientSecret = "wrong" })
	require.Equal(t, "oauth-token-echange-failed: google: status 401: invalid_client", b.fails(domain.OAuthTokenExchangeFailed))
}

func TestFinish_EndsWithTheTimeout(t *testing.T) {
	release := make(chan struct{})
	slow := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	t.Cleanup(func() { close(release) })
	for _, name := range []string{"github", "apple", "twitter"} {
		for place, code := range places(name) {
			fake := providers.Start(t, name)
			transport := http.DefaultTransport.(*http.Transport).Clone()
			t.Cleanup(transport.CloseIdleConnections)
			p, err := oauth.New(name, settingsOf(t, fake), oauth.Options{
				Clock: system.Clock{}, Random: system.Random{}, Timeout: 300 * time.Millisecond, Client: &http.Client{Transport: transport},
			})
			require.NoError(t, err)
			b := bench{t: t, fake: fake, clock: kit.NewClock(), IdentityProvider: p}
			callback, secret := b.visit()
			fake.Instead(place, slow)
			began := time.Now()
			_, _, err = b.Finish(t.Context(), callback, secret)
			require.ErrorIs(t, err, code, name+place)
			require.ErrorIs(t, err, context.DeadlineExceeded, name+place)
			require.Less(t, time.Since(began), 2*time.Second)
		}
	}
}

func TestFinish_AnUnreachableProviderIsAnErrorWithoutAddresses(t *testing.T) {
	b := newBench(t, "google")
	callback, secret := b.visit()
	down := newBench(t, "google", func(s *oauth.Settings) { s.TokenURL = "http://127.0.0.1:1/token?key=hunter2" })
	_, _, err := down.Finish(t.Context(), port.ProviderCallback{Code: callback.Code, RedirectURI: redirectURI}, secret)
	require.ErrorIs(t, err, domain.OAuthTokenExchangeFailed)
	require.NotContains(t, err.Error(), "hunter2")
	_, err = down.Refresh(t.Context(), "refresh-hunter2")
	require.ErrorIs(t, err, domain.OAuthProviderError)
	require.NotContains(t, err.Error(), "hunter2")
}
