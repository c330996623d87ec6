package hasura_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/hasura"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	secret  = "the admin secret"
	anybody = domain.UserID("0b0e8a54-7c7c-4bd8-8b58-cd6a3b2a9f11")
)

func paths(t testing.TB, texts map[string]string) map[string]domain.ClaimPath {
	parsed := map[string]domain.ClaimPath{}
	for name, text := range texts {
		path, err := domain.ParseClaimPath(text)
		require.NoError(t, err)
		parsed[name] = path
	}
	return parsed
}

// graphQL is Hasura's GraphQL. It answers with users by id, and holds questions to the form that the real one takes.
type graphQL struct {
	*httptest.Server
	mu      sync.Mutex
	users   map[string]string
	queries []string
}

func newGraphQL(t *testing.T) *graphQL {
	t.Helper()
	g := &graphQL{users: map[string]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var asked struct {
			OperationName, Query string
			Variables            map[string]string
		}
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/v1/graphql" || json.Unmarshal(body, &asked) != nil:
			_, _ = io.WriteString(w, `{"errors":[{"message":"no","extensions":{"code":"not-found","path":"$"}}]}`)
		case r.Header.Get("X-Hasura-Admin-Secret") != secret:
			_, _ = io.WriteString(w, `{"errors":[{"message":"invalid x-hasura-admin-secret/x-hasura-access-key","extensions":{"code":"access-denied","path":"$"}}]}`)
		default:
			g.mu.Lock()
			defer g.mu.Unlock()
			g.queries = append(g.queries, asked.OperationName+": "+asked.Query)
			user := g.users[asked.Variables["id"]]
			if user == "" {
				user = "null"
			}
			w.Header().Set("Content-Encoding", "gzip")
			zipped := gzip.NewWriter(w)
			_, _ = fmt.Fprintf(zipped, `{"data":{"user":%s}}`, user)
			_ = zipped.Close()
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *graphQL) claims(t *testing.T, secret string, texts map[string]string) *hasura.Claims {
	t.Helper()
	c, err := hasura.NewClaims(hasura.Options{URL: g.URL + "/v1/graphql", AdminSecret: secret}, paths(t, texts))
	require.NoError(t, err)
	return c
}

func TestClaims_AreASource(t *testing.T) {
	t.Parallel()
	porttest.CustomClaims(t, func(t *testing.T) porttest.ClaimsSource {
		g := newGraphQL(t)
		return porttest.ClaimsSource{
			CustomClaims: g.claims(t, secret, map[string]string{
				"text": "metadata.text", "number": "metadata.number", "flag": "metadata.flag", "list": "metadata.list", "object": "metadata.object", "nothing": "metadata.nothing",
			}),
			Put: func(user domain.UserID, claims string) {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.users[string(user)] = `{"metadata":` + claims + `}`
			},
			Away: g.Close,
		}
	})
}

func TestClaims_AskOnceForAllThatThePathsNeed(t *testing.T) {
	t.Parallel()
	g := newGraphQL(t)
	g.users[string(anybody)] = `{"metadata":{"plan":"gold"},"profile":{"organisation":{"id":7,"name":"Acme"},"teams":[{"kind":"x","id":"a"},{"kind":"y","id":"b"}]},"roles":[]}`
	found, err := g.claims(t, secret, map[string]string{
		"plan": "metadata.plan", "org": "profile.organisation.id", "org-name": "profile.organisation.name", "team-ids": "profile.teams[?(@.kind == 'x')].id",
		"roles": "roles[].role", "nothing": "profile.nothing", "no-list": "absent[].id",
	}).Of(t.Context(), anybody)
	require.NoError(t, err)
	require.Equal(t, domain.CustomClaims{
		"plan": "gold", "org": json.Number("7"), "org-name": "Acme", "team-ids": []any{"a"}, "roles": []any{}, "nothing": nil, "no-list": nil,
	}, found)
	require.Equal(t, []string{
		"GetClaims: query GetClaims($id: uuid!) { user(id: $id) { absent { id } metadata profile { nothing organisation { id name } teams { id kind } } roles { role } } }",
	}, g.queries)
}

func TestClaims_FailWithoutRepeatingSecretsOrData(t *testing.T) {
	t.Parallel()
	g := newGraphQL(t)
	_, err := g.claims(t, secret, map[string]string{"a": "a"}).Of(t.Context(), anybody)
	require.EqualError(t, err, "hasura: it does not know the user")
	_, err = g.claims(t, "hunter2", map[string]string{"a": "a"}).Of(t.Context(), anybody)
	require.EqualError(t, err, `hasura: error "access-denied" at "$"`)
}

func TestClaims_FailOnWhateverElseIsAnswered(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Error("the secret went to somebody else: " + r.Header.Get("X-Hasura-Admin-Secret"))
	}))
	defer elsewhere.Close()
	for name, answers := range map[string]http.HandlerFunc{
		"status 302": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"status 307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"status 503":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"the answer is not GraphQL's": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `<html>`) },
		"it does not know the user":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data":null}`) },
		`error "validation-failed" at "$.selectionSet.user.selectionSet.a"`: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errors":[{"message":"jane@example.com","extensions":{"code":"validation-failed","path":"$.selectionSet.user.selectionSet.a"}}]}`)
		},
		"the answer is longer than 1048576 bytes": func(w http.ResponseWriter, _ *http.Request) {
			for range 2 {
				_, _ = io.WriteString(w, strings.Repeat(" ", 1<<20))
			}
		},
		"context deadline exceeded": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		"unexpected EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"data"`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answers)
			defer server.Close()
			c, err := hasura.NewClaims(hasura.Options{URL: server.URL + "/v1/graphql?key=hunter2", AdminSecret: secret}, paths(t, map[string]string{"a": "a"}))
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // for the one that never answers
			defer cancel()
			_, err = c.Of(ctx, anybody)
			require.EqualError(t, err, "hasura: "+name)
		})
	}
}

func TestNew_RefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "hasura:8080", "ftp://hasura/v1/graphql", "http://"} {
		_, err := hasura.NewClaims(hasura.Options{URL: url}, nil)
		require.Error(t, err, url)
		_, err = hasura.NewMetadata(hasura.Options{URL: url})
		require.Error(t, err, url)
	}
	require.Equal(t, "http://h:8080/x/v1/metadata", hasura.MetadataURL("http://h:8080/x/v1/graphql"))
	require.Empty(t, hasura.MetadataURL("http://h:8080/graphql"))
	require.Empty(t, hasura.MetadataURL(""))
}
