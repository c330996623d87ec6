package jwt_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
)

// FuzzCustomClaims writes claims of the app into tokens. All are strings there; lists read back from PostgreSQL's array literal.
func FuzzCustomClaims(f *testing.F) {
	for _, text := range []string{`{"plan":"gold","list":["a","b\"\\{},",null,1.50,{"x":[]}],"n":1e999999,"b":true,"nothing":null}`, `{"":"","<&>":"\u2028"}`, `{"a":[[]]}`, `{"x":["NULL","","\\"]}`} {
		f.Add([]byte(text))
	}
	tokens, _ := newStatic(f, newKey(f, "HS256"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var found domain.CustomClaims
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		if decoder.Decode(&found) != nil {
			return
		}
		want := claims()
		want.Custom = domain.CustomClaimsPolicy{}.Settle(found)
		token, err := tokens.Sign(bg, want)
		require.NoError(t, err)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		require.NoError(t, err)
		var whole map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(payload, &whole))
		var below map[string]any
		require.NoError(t, json.Unmarshal(whole[jwt.DefaultNamespace], &below))
		for name, value := range want.Custom {
			text, isText := below[name].(string)
			require.True(t, isText, name)
			switch value := value.(type) {
			case string:
				require.Equal(t, value, text)
			case []any:
				requireArray(t, value, text)
			}
		}
		require.Len(t, below, len(want.Custom)+4)
	})
}

// requireArray reads an array literal as PostgreSQL does: elements in quotes with back-slashes, or bare up to a comma.
func requireArray(t *testing.T, list []any, text string) {
	t.Helper()
	for _, element := range list {
		if _, isText := element.(string); !isText && element != nil {
			return // JSON, whose inner commas no array has
		}
	}
	inner, opened := strings.CutPrefix(text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	require.True(t, opened && closed, text)
	for i, element := range list {
		if i > 0 {
			require.True(t, strings.HasPrefix(inner, ","), text)
			inner = inner[1:]
		}
		if element == nil {
			require.True(t, strings.HasPrefix(inner, "null"), text)
			inner = inner[len("null"):]
			continue
		}
		require.True(t, strings.HasPrefix(inner, `"`), text)
		var read strings.Builder
		at := 1
		for ; inner[at] != '"'; at++ {
			if inner[at] == '\\' {
				at++
			}
			read.WriteByte(inner[at])
		}
		require.Equal(t, element, read.String())
		inner = inner[at+1:]
	}
	require.Empty(t, inner)
}
