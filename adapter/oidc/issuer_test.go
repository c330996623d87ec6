package oidc_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

func TestIssuer_TellsWhoItIsByIssuerAndSubject(t *testing.T) {
	i := newIssuer(t)
	who, tokens, err := i.enters(i.adapter())
	require.NoError(t, err)
	require.Equal(t, i.jane(), who)
	require.Equal(t, domain.ProviderTokens{AccessToken: "access", ExpiresAt: i.clock.Now().Add(time.Hour), RefreshToken: "refresh"}, tokens)
	require.True(t, i.basic)
	require.Empty(t, i.form.Get("client_secret"))
}

func TestIssuer_AnAddressIsAttestedOnlyInSoManyWords(t *testing.T) {
	for name, test := range map[string]struct {
		claims   map[string]any
		email    domain.Email
		attested bool
	}{
		"true":                     {map[string]any{"email_verified": true}, "jane@example.com", true},
		"the text true":            {map[string]any{"email_verified": "true"}, "jane@example.com", true},
		"false":                    {map[string]any{"email_verified": false}, "jane@example.com", false},
		"the text false":           {map[string]any{"email_verified": "false"}, "jane@example.com", false},
		"a number":                 {map[string]any{"email_verified": 1}, "jane@example.com", false},
		"null":                     {map[string]any{"email_verified": []any{}}, "jane@example.com", false},
		"absent":                   {map[string]any{"email_verified": nil}, "jane@example.com", false},
		"no address":               {map[string]any{"email": nil}, "", false},
		"no address but some text": {map[string]any{"email": "jane"}, "", false},
	} {
		i := newIssuer(t)
		i.claims = test.claims
		who, _, err := i.enters(i.adapter())
		require.NoError(t, err, name)
		require.Equal(t, test.email, who.Email, name)
		require.Equal(t, test.attested, who.EmailVerified, name)
	}
}

func TestIssuer_ClaimsCanHaveOtherNames(t *testing.T) {
	i := newIssuer(t)
	i.claims = map[string]any{"email": nil, "email_verified": nil, "name": nil, "mail": "jane@corp.example", "checked": "true", "cn": "Jané", "photo": "https://p"}
	who, _, err := i.enters(i.adapter(func(s *oidc.Settings) {
		s.Claims = oidc.ClaimNames{Email: "mail", EmailVerified: "checked", Name: "cn", Picture: "photo"}
	}))
	require.NoError(t, err)
	require.Equal(t, domain.ProviderIdentity{
		Provider: "corp", Issuer: i.server.URL, ID: "user 1", Email: "jane@corp.example", EmailVerified: true, Name: "Jané", AvatarURL: "https://p",
	}, who)
}

func TestIssuer_WhatTheIDTokenLacksIsAskedForAndMustSpeakOfTheSameSubject(t *testing.T) {
	i := newIssuer(t)
	i.claims = map[string]any{"email": nil, "name": nil, "email_verified": nil}
	i.info = map[string]any{"sub": "user 1", "email": "info@example.com", "email_verified": true, "name": "From userinfo"}
	who, _, err := i.enters(i.adapter())
	require.NoError(t, err)
	require.Equal(t, "info@example.com From userinfo", string(who.Email)+" "+who.Name)
	i.info["sub"] = "somebody else"
	_, _, err = i.enters(i.adapter())
	require.ErrorIs(t, err, domain.OAuthProfileFetchFailed)
}

func TestIssuer_IDTokensOfOthersAreRefused(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"another issuer":                {"iss": "https://mallory.example"},
		"another audience":              {"aud": "another client"},
		"several audiences, not for us": {"aud": []string{"client", "other"}, "azp": "other"},
		"several audiences, no azp":     {"aud": []string{"client", "other"}},
		"another request":               {"nonce": "another"},
		"no nonce":                      {"nonce": nil},
		"expired":                       {"exp": 1},
		"no expiry":                     {"exp": nil},
		"another access token":          {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
	} {
		i := newIssuer(t)
		i.claims = claims
		_, tokens, err := i.enters(i.adapter())
		require.ErrorIs(t, err, domain.OAuthProfileFetchFailed, name)
		require.Zero(t, tokens, name)
	}
}

func TestIssuer_OnlyItsOwnAnswerToThisRequestIsTaken(t *testing.T) {
	i := newIssuer(t)
	adapter := i.adapter()
	for name, spoil := range map[string]func(c *port.ProviderCallback, secret *string){
		"another issuer (RFC 9207)":     func(c *port.ProviderCallback, _ *string) { c.Issuer = "https://mallory.example" },
		"no issuer, though it tells it": func(c *port.ProviderCallback, _ *string) { c.Issuer = "" },
		"no code":                       func(c *port.ProviderCallback, _ *string) { c.Code = "" },
		"another code":                  func(c *port.ProviderCallback, _ *string) { c.Code = "x" },
		"no secret":                     func(_ *port.ProviderCallback, secret *string) { *secret = "" },
		"another request's verifier":    func(_ *port.ProviderCallback, secret *string) { *secret = `{"verifier":"x","nonce":"y"}` },
	} {
		callback, secret := i.visit(adapter)
		spoil(&callback, &secret)
		_, _, err := adapter.Finish(t.Context(), callback, secret)
		require.ErrorIs(t, err, domain.OAuthTokenExchangeFailed, name)
	}
	i.document = map[string]any{"authorization_response_iss_parameter_supported": false}
	silent := i.adapter()
	callback, secret := i.visit(silent)
	callback.Issuer = ""
	_, _, err := silent.Finish(t.Context(), callback, secret)
	require.NoError(t, err)
}

func TestIssuer_CredentialsGoWhereTheIssuerTakesThem(t *testing.T) {
	i := newIssuer(t)
	i.document = map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_post"}}
	_, _, err := i.enters(i.adapter())
	require.NoError(t, err)
	require.Equal(t, "client's secret", i.form.Get("client_secret"))
	require.False(t, i.basic)
	_, _, err = i.enters(i.adapter(func(s *oidc.Settings) { s.ClientSecret = "" }))
	require.NoError(t, err)
	require.Equal(t, "client", i.form.Get("client_id"))
	require.False(t, i.form.Has("client_secret"))
}

func TestIssuer_RefreshesTokens(t *testing.T) {
	i := newIssuer(t)
	tokens, err := i.adapter().Refresh(t.Context(), "refresh")
	require.NoError(t, err)
	require.Equal(t, domain.ProviderTokens{AccessToken: "renewed", ExpiresAt: i.clock.Now().Add(time.Minute), RefreshToken: "refresh"}, tokens)
	for _, bad := range []string{"", "unknown"} {
		_, err = i.adapter().Refresh(t.Context(), bad)
		require.ErrorIs(t, err, domain.OAuthProviderError)
		require.NotContains(t, err.Error(), "a secret")
	}
}

func TestIssuer_DownAtFirstItIsUsedOnceItIsUp(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	adapter := i.adapter()
	_, _, err := adapter.Begin(t.Context(), port.AuthorizationRequest{})
	require.ErrorIs(t, err, domain.OAuthProviderError)
	_, err = adapter.Verify(t.Context(), i.idToken(nil), "")
	require.ErrorIs(t, err, domain.Unavailable)
	i.down.Store(false)
	_, _, err = adapter.Begin(t.Context(), port.AuthorizationRequest{})
	require.ErrorIs(t, err, domain.OAuthProviderError, "it is left alone for a while")
	i.clock.Advance(10 * time.Second)
	_, _, err = i.enters(adapter)
	require.NoError(t, err)
	i.down.Store(true)
	i.clock.Advance(24 * time.Hour)
	i.visit(adapter) // what is known stays good
	_, err = adapter.Verify(t.Context(), i.idToken(map[string]any{"nonce": nil}), "")
	require.NoError(t, err)
}

func TestIssuer_WhoHangsUpHarmsNobodyElse(t *testing.T) {
	i := newIssuer(t)
	adapter := i.adapter()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := adapter.Begin(gone, port.AuthorizationRequest{})
	require.Error(t, err)
	_, err = adapter.Verify(gone, i.idToken(nil), "")
	require.Error(t, err)
	_, _, err = i.enters(adapter)
	require.NoError(t, err)
}

func TestIssuer_RunLearnsWhatHasChanged(t *testing.T) {
	i := newIssuer(t)
	adapter := i.adapter()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { adapter.Run(ctx); close(done) }()
	require.Eventually(t, func() bool { return i.keysRead.Load() == 1 }, time.Minute, time.Millisecond)
	cancel()
	<-done
	i.down.Store(true)
	i.visit(adapter)
}

func TestIssuer_RunTellsOperatorsOfAnIssuerThatIsAway(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	logged := make(lines, 10)
	options := i.options()
	options.Log = slog.New(slog.NewTextHandler(logged, nil))
	adapter := oidc.NewIssuer(oidc.Settings{Name: "corp", Issuer: i.server.URL, ClientID: "client", ClientSecret: "client's secret"}, options)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { adapter.Run(ctx); close(done) }()
	line := <-logged
	cancel()
	<-done
	require.Contains(t, line, "provider=corp")
	require.NotContains(t, line, "client's secret")
}

// lines is a writer of log lines that a test waits for.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestIssuer_HostileDocumentsAndAnswersAreRefused(t *testing.T) {
	for name, document := range map[string]map[string]any{
		"another issuer":   {"issuer": "https://mallory.example"},
		"no keys":          {"jwks_uri": nil},
		"no authorization": {"authorization_endpoint": nil},
		"a script":         {"authorization_endpoint": "javascript:alert(1)"},
		"a file":           {"token_endpoint": "file:///etc/passwd"},
	} {
		i := newIssuer(t)
		i.document = document
		_, _, err := i.adapter().Begin(t.Context(), port.AuthorizationRequest{})
		require.ErrorIs(t, err, domain.OAuthProviderError, name)
	}
	for name, hostile := range map[string]http.HandlerFunc{
		"a redirect elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://mallory.example", http.StatusFound)
		},
		"a huge answer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"issuer":"` + strings.Repeat("x", 2<<20) + `"}`))
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		i := newIssuer(t)
		i.hostile = hostile
		_, _, err := i.adapter().Begin(t.Context(), port.AuthorizationRequest{})
		require.ErrorIs(t, err, domain.OAuthProviderError, name)
	}
}
