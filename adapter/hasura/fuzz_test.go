package hasura_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/hasura"
	"github.com/hexauth/hexauth/test/hostile"
)

// FuzzClaims reads Hasura's answers about users. Every claim that was asked for is there, found or null, and no error repeats data.
func FuzzClaims(f *testing.F) {
	for _, body := range []string{
		`{"data":{"user":{"plan":"gold","metadata":{"a":[1,{"b":null}]},"orgs":[{"id":1,"role":"admin"},{"id":2,"role":"x"}]}}}`, `{"data":{"user":null}}`, `{"data":null}`,
		`{"errors":[{"message":"JANESDATA","extensions":{"code":"validation-failed","path":"$.selectionSet"}}]}`, `{"data":{"user":{"orgs":"x","metadata":7}}}`, ``, `null`, `[]`,
	} {
		f.Add(200, []byte(body))
	}
	f.Add(500, []byte(`{}`))
	wanted := paths(f, map[string]string{
		"plan": "plan", "org": "orgs[0].id", "orgs": "orgs[].id", "deep": "metadata.a[1].b", "some": "orgs[?(@.role=='admin' || @.id>1.5)].id", "nested": "orgs[].tags[]",
	})
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status/100 == 3 {
			return
		}
		client := hostile.Transport(func(*http.Request) hostile.Answer { return hostile.Answer{Status: status, Body: body} }).Client()
		source, err := hasura.NewClaims(hasura.Options{URL: "https://hasura.example/v1/graphql?key=hunter2", AdminSecret: secret, Client: client}, wanted)
		require.NoError(t, err)
		claims, err := source.Of(t.Context(), anybody)
		if err != nil {
			require.Nil(t, claims)
			require.Less(t, len(err.Error()), 2000)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), "JANESDATA")
			return
		}
		require.Equal(t, http.StatusOK, status)
		require.Len(t, claims, len(wanted))
		_, err = json.Marshal(claims)
		require.NoError(t, err)
		for name, value := range claims {
			if _, isList := value.([]any); !isList {
				require.True(t, value == nil || !wanted[name].IsList(), name)
			}
		}
	})
}

// FuzzMetadata reads Hasura's metadata and refusals. However they look, it is told a bounded number of changes, and nothing is changed
// that is not ours.
func FuzzMetadata(f *testing.F) {
	table := `{"table":{"schema":"auth","name":"users"},"configuration":{"custom_name":"u","column_config":{"id":{"comment":"x"}}},"object_relationships":[{"name":"defaultRoleByRole"}]}`
	for _, body := range []string{
		`{"resource_version":1,"metadata":{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[` + table + `,{"table":{"schema":"public","name":"users"}}]}]}}`,
		`{"metadata":{"sources":[{"name":"default"}]}}`, `{"metadata":{"sources":[]}}`, `null`, `[]`, ``,
		`{"metadata":{"sources":[{"name":"default","tables":[{"table":{"schema":"auth","name":"users"},"configuration":{"custom_root_fields":7,"custom_column_names":[]}}]}]}}`,
	} {
		f.Add([]byte(body), 200, []byte(`{"message":"success"}`))
	}
	f.Add([]byte(`{"metadata":{"sources":[{"name":"default"}]}}`), 400, []byte(`{"code":"already-tracked","error":"view/table already tracked","path":"$"}`))
	f.Add([]byte(`{"metadata":{"sources":[{"name":"default"}]}}`), 400, []byte(`{"code":7}`))
	f.Fuzz(func(t *testing.T, export []byte, status int, change []byte) {
		if status < 200 || status > 599 || status/100 == 3 {
			return
		}
		asked := 0
		client := hostile.Transport(func(*http.Request) hostile.Answer {
			if asked++; asked == 1 {
				return hostile.Answer{Body: export}
			}
			return hostile.Answer{Status: status, Body: change}
		}).Client()
		metadata, err := hasura.NewMetadata(hasura.Options{URL: "https://hasura.example/v1/metadata", AdminSecret: secret, Client: client})
		require.NoError(t, err)
		changes, err := metadata.Apply(t.Context())
		require.LessOrEqual(t, changes, asked-1)
		require.Less(t, asked, 100)
		if err != nil {
			require.NotContains(t, err.Error(), secret)
			require.Less(t, len(err.Error()), 2000)
			require.False(t, strings.ContainsAny(err.Error(), "\x1b\n"), "%q", err)
		}
	})
}
