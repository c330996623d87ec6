package claims_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/hostile"
	"github.com/hexauth/hexauth/test/kit"
)

// FuzzHook reads answers of the claims hook; rows of AUTH_JWT_CUSTOM_CLAIMS_SQL are read alike. What is accepted gets into a token that
// is good, says nothing in the server's own name, and is no larger than it may be.
func FuzzHook(f *testing.F) {
	for _, body := range []string{
		`{"plan":"gold","n":12345678901234567890.5,"roles":["a","b\"\\"],"deep":{"a":[null,true,{}]}}`, `{}`, `null`, `[]`, `{"a":1}{"b":2}`, `{"a":1} x`,
		`{"user-id":"somebody else","X-Hasura-Allowed-Roles":["admin"],"x-hasura-default-role":"admin"}`, `{"":"","\u0000":"\ud800","é":1e999}`, `{"a":1,"a":2,"A":3}`,
	} {
		f.Add(200, []byte(body))
	}
	f.Add(500, []byte(`{"a":1}`))
	clock := kit.NewClock()
	tokens, err := jwt.NewStatic(jwt.Key{Algorithm: "HS256", HMAC: []byte("a key of the tests, 32 bytes long")}, jwt.Options{Issuer: "https://auth.example.com", Clock: clock})
	require.NoError(f, err)
	const jane = domain.UserID("0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d")
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status/100 == 3 {
			return
		}
		hook, err := claims.NewHook(claims.HookOptions{
			URL: "https://app.example.com/claims?key=hunter2", Key: []byte(hookKey), Clock: clock, Random: &kit.Random{},
			Client: hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: body} }).Client(),
		})
		require.NoError(t, err)
		found, err := hook.Of(t.Context(), jane)
		if err != nil {
			require.Nil(t, found)
			require.Less(t, len(err.Error()), 200)
			require.NotContains(t, err.Error(), "hunter2")
			return
		}
		require.Equal(t, http.StatusOK, status)
		want := domain.Claims{
			Subject: jane, AllowedRoles: []domain.Role{"user"}, DefaultRole: "user", IssuedAt: clock.Now(), ExpiresAt: clock.Now().Add(900e9),
			Custom: domain.CustomClaimsPolicy{}.Settle(found),
		}
		_, err = json.Marshal(want.Custom)
		require.NoError(t, err)
		token, err := tokens.Sign(t.Context(), want)
		require.NoError(t, err)
		got, err := tokens.Verify(t.Context(), token)
		if len(token) > 8<<10 {
			return // claims.Bounded refuses what is that large
		}
		require.NoError(t, err)
		want.Custom = nil
		require.Equal(t, want, got)
	})
}
