package jwt_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func TestCustomClaims_AreTextsBesideThoseOfTheServer(t *testing.T) {
	t.Parallel()
	clock := kit.NewClock()
	tokens, err := jwt.NewStatic(jwt.Key{Algorithm: "HS256", HMAC: []byte("a key of the tests, 32 bytes long")}, jwt.Options{Issuer: "i", Clock: clock})
	require.NoError(t, err)
	const user = "0b0e8a54-7c7c-4bd8-8b58-cd6a3b2a9f11"
	claims := domain.Claims{
		Subject: user, IssuedAt: clock.Now(), ExpiresAt: clock.Now().Add(time.Minute), AllowedRoles: []domain.Role{"user"}, DefaultRole: "user",
		Custom: domain.CustomClaims{
			"x-hasura-text": `a "b" <c> ü`, "x-hasura-number": json.Number("12345678901234567890"), "x-hasura-flag": false, "x-hasura-nothing": nil,
			"x-hasura-object": map[string]any{"a": "<b>", "c": []any{json.Number("1")}},
			"x-hasura-empty":  []any{}, "x-hasura-ids": []any{"id1", "id2"}, "x-hasura-numbers": []any{json.Number("1"), json.Number("2.50"), nil, true},
			"x-hasura-odd": []any{"a\"b", `c\d`, "e,f", "{g}", "h\ni", ""}, "x-hasura-nested": []any{[]any{json.Number("1")}, map[string]any{"a": json.Number("2")}},
			`X-Hasura-"Quoted"`: "x",
		},
	}
	token, err := tokens.Sign(t.Context(), claims)
	require.NoError(t, err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(payload, &decoded))
	require.Equal(t, map[string]any{
		"x-hasura-allowed-roles": []any{"user"}, "x-hasura-default-role": "user", "x-hasura-user-id": user, "x-hasura-user-is-anonymous": "false",
		"x-hasura-text": `a "b" <c> ü`, "x-hasura-number": "12345678901234567890", "x-hasura-flag": "false", "x-hasura-nothing": "null",
		"x-hasura-object": `{"a":"<b>","c":[1]}`, "x-hasura-empty": "{}", "x-hasura-ids": `{"id1","id2"}`, "x-hasura-numbers": "{1,2.50,null,true}",
		"x-hasura-odd": `{"a\"b","c\\d","e,f","{g}","h` + "\n" + `i",""}`, "x-hasura-nested": `{[1],{"a":2}}`, `X-Hasura-"Quoted"`: "x",
	}, decoded[jwt.DefaultNamespace])

	read, err := tokens.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Nil(t, read.Custom)
	again, err := tokens.Sign(t.Context(), claims)
	require.NoError(t, err)
	require.Equal(t, token, again, "claims have an order")
}
