package config_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
)

func TestOIDCProviders_AreReadWithEverythingThatCanBeSaid(t *testing.T) {
	c := load(t, map[string]string{"AUTH_OIDC_PROVIDERS": `[
		{"name":"corp","issuer":"https://id.example.com/realms/a","clientId":"hexauth","clientSecret":"s","scopes":["openid","groups"],
		 "claims":{"email":"mail","emailVerified":"mail_checked","name":"cn","picture":"photo"},"audiences":["ios","web"]},
		{"name":"public-1","issuer":"http://localhost:8080","clientId":"x"}]`})
	require.Len(t, c.OIDCProviders, 2)
	first, second := c.OIDCProviders[0], c.OIDCProviders[1]
	require.Equal(t, []any{"corp", "https://id.example.com/realms/a", "hexauth", "s", []string{"openid", "groups"}, []string{"ios", "web"}},
		[]any{first.Name, first.Issuer, first.ClientID, first.ClientSecret, first.Scopes, first.Audiences})
	require.Equal(t, config.OIDCClaims{Email: "mail", EmailVerified: "mail_checked", Name: "cn", Picture: "photo"}, first.Claims)
	require.Equal(t, []any{"public-1", "", []string(nil), []string(nil)}, []any{second.Name, second.ClientSecret, second.Scopes, second.Audiences})
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", c.OIDCProviders, first, first, c.OIDCProviders), "example.com")
}

func TestOIDCProviders_MistakesNameTheEntryAndTheMember(t *testing.T) {
	entry := func(changes string) string {
		return `[{"name":"corp","issuer":"https://id.example.com","clientId":"x"},` + changes + `]`
	}
	for value, want := range map[string]string{
		`{}`:    `must be a JSON list such as [{"name":"corp","issuer":"https://id.example.com","clientId":"hexauth"}]`,
		`["x"]`: `must be a JSON list such as [{"name":"corp","issuer":"https://id.example.com","clientId":"hexauth"}]`,
		entry(`{"name":"Corp!","issuer":"https://b.example","clientId":"x"}`):                       "entry 2: name must have 1 to 64 small letters, digits, - and _, and begin with a letter or digit",
		entry(`{"name":"google","issuer":"https://b.example","clientId":"x"}`):                      "entry 2: name is that of a provider hexauth knows by itself: choose another one",
		entry(`{"name":"corp","issuer":"https://b.example","clientId":"x"}`):                        "entry 2: name is that of an earlier entry",
		entry(`{"name":"b","issuer":"id.example.com","clientId":"x"}`):                              "entry 2: issuer must be an https URL without user, query and fragment, exactly as the issuer writes it",
		entry(`{"name":"b","issuer":"https://b.example?x","clientId":"x"}`):                         "entry 2: issuer must be an https URL without user, query and fragment, exactly as the issuer writes it",
		entry(`{"name":"b","issuer":"https://b.example"}`):                                          "entry 2: clientId is required",
		entry(`{"name":"b","issuer":"https://b.example","clientId":1}`):                             "entry 2: clientId must be a string",
		entry(`{"name":"b","issuer":"https://b.example","clientId":"x","scopes":["email"]}`):        "entry 2: scopes must have openid among them",
		entry(`{"name":"b","issuer":"https://b.example","clientId":"x","scopes":["openid","a b"]}`): "entry 2: scopes must be words without blanks and quotes",
		entry(`{"name":"b","issuer":"https://b.example","clientId":"x","audiences":[]}`):            "entry 2: audiences must not be empty, nor have an empty member",
		entry(`{"name":"b","issuer":"https://b.example","clientId":"x","claims":{"mail":"x"}}`):     "entry 2: claims must be an object that names the claims email, emailVerified, name and picture",
		entry(`{"name":"b","issuer":"https://b.example","clientId":"x","client_secret":"x"}`):       "entry 2: has a member that is none of name, issuer, clientId, clientSecret, scopes, claims, audiences",
	} {
		require.Equal(t, []config.Problem{{Variable: "AUTH_OIDC_PROVIDERS", Message: want}}, problems(t, map[string]string{"AUTH_OIDC_PROVIDERS": value}), value)
	}
	require.Equal(t, []string{"AUTH_OIDC_PROVIDERS"}, names(problems(t, production(map[string]string{"AUTH_OIDC_PROVIDERS": entry(`{"name":"b","issuer":"http://b.example","clientId":"x"}`)}))))
}
