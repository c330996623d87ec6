package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpguts"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/pgtest"
)

// longSecret is the length from which a value can't be part of an answer's own words by chance.
const longSecret = 16

// FuzzBody sends any bytes where a sign-up is expected.
func FuzzBody(f *testing.F) {
	f.Add([]byte(signUpWith("")))
	f.Add([]byte(withOptions(`"metadata":{"a":[1,"\ud83d\ude00",{"b":null}]},"allowedRoles":["me","user"],"defaultRole":"me","locale":"de"`)))
	fuzzBody(f, "/signup/email-password", badBodies())
}

// FuzzMailBody sends any bytes where a request for a link is expected.
func FuzzMailBody(f *testing.F) {
	o := mailOperations()[0]
	f.Add([]byte(o.body("jane@example.com", withPKCE)))
	f.Add([]byte(o.body("jane@example.com", `,"options":{"redirectTo":"https://app.example.com/x?a=%20#b","displayName":"\u202ex","metadata":{"a":[]}}`)))
	fuzzBody(f, o.path, badMailBodies(o))
}

// fuzzBody sends any bytes as a body. Whatever comes, the answer keeps to the contract, is the client's fault or a success, and
// repeats nothing.
func fuzzBody(f *testing.F, path string, seeds []bad) {
	f.Helper()
	for _, b := range seeds {
		if len(b.body) < 4096 {
			f.Add([]byte(b.body))
		}
	}
	c := newClient(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		got := c.serve(request{method: http.MethodPost, path: path, body: string(body)}.http())
		got.t = t
		require.NotContains(t, []int{0, http.StatusInternalServerError, http.StatusServiceUnavailable}, got.status, got.body)
		inner := *c
		inner.t = t
		inner.checkContract(request{method: http.MethodPost, path: path}, got)
		if got.status < 400 {
			return
		}
		for _, value := range values(string(body)) {
			if len(value) >= longSecret && !strings.Contains(string(body), `"`+value+`":`) {
				require.NotContains(t, got.body, value)
			}
		}
	})
}

// FuzzVerify opens links with any query. Whatever comes, a redirect leads to the client and nowhere else, without a session,
// and without anything of the ticket.
func FuzzVerify(f *testing.F) {
	for _, target := range []string{clientURL, clientURL + "/x?a=1#b", "https://evil.example", "//evil.example", `https://app.example.com\@evil.example`, "javascript:alert(1)"} {
		f.Add("ticket=verifyEmail%3A" + unknownToken + "&redirectTo=" + url.QueryEscape(target) + "&type=emailVerify&codeChallenge=" + challenge)
	}
	f.Add("ticket=x&redirectTo=%0D%0ALocation%3A+https%3A%2F%2Fevil.example")
	f.Add("ticket=%zz;redirectTo=https://app.example.com&redirectTo=a&redirectTo=b")
	c := newClient(f)
	f.Fuzz(func(t *testing.T, query string) {
		sent := request{method: http.MethodGet, path: "/verify"}.http()
		sent.URL.RawQuery = query
		got := c.serve(sent)
		require.Contains(t, []int{http.StatusFound, http.StatusBadRequest}, got.status, got.body)
		if got.status == http.StatusBadRequest {
			require.Empty(t, got.header.Get("Location"))
			return
		}
		location, err := url.Parse(got.header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "https", location.Scheme)
		require.Equal(t, "app.example.com", strings.TrimSuffix(strings.ToLower(location.Host), ":443"))
		require.Nil(t, location.User)
		require.Contains(t, []string{"invalid-ticket", "redirectTo-not-allowed"}, location.Query().Get("error"))
	})
}

// FuzzAuthorization sends any header where an access token is expected. Nobody gets in, and nothing breaks.
func FuzzAuthorization(f *testing.F) {
	c := newClient(f)
	session := c.signUp("jane@example.com")
	for _, headers := range badHeaders(f, c, session) {
		if len(headers) > 0 && len(headers[0]) < 4096 {
			f.Add(headers[0])
		}
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := request{method: http.MethodGet, path: "/user", header: http.Header{"Authorization": {header}}}
		got := c.serve(r.http())
		got.t = t
		inner := *c
		inner.t = t
		inner.checkContract(r, got)
		if _, err := c.kit.Tokens.Verify(context.Background(), strings.TrimPrefix(header, "Bearer ")); err == nil {
			return // a good token written in another way: what is left to say is that it did not break anything
		}
		require.Equal(t, http.StatusUnauthorized, got.status)
		if len(header) >= longSecret {
			require.NotContains(t, got.body, header)
		}
	})
}

func TestFuzzBody_HasAGoodBodyAmongItsSeeds(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	require.Equal(t, http.StatusOK, c.post("/signup/email-password", signUpWith("")).status)
}

// FuzzRequest sends any operation any path parameter, query, header and body, with and without tokens, on PostgreSQL, which keeps
// less than SQLite does. Whatever comes, the answer keeps to the contract, is no failure of the server, leads nowhere else and
// repeats nothing, and what is refused for its form changes nothing.
func FuzzRequest(f *testing.F) {
	database := pgtest.Database(f)
	b := newTraveller(f, changed(func(s *kit.Settings) { s.URL, s.AdminKey = database, adminKey }))
	session := b.signUp("jane@example.com")
	names, operations := operationNames(b.contract), map[string]*openapi3.Operation{}
	nasty := []string{"%00", "%2500", "%ff"}
	for i, name := range names {
		method, path, _ := strings.Cut(name, " ")
		operations[name] = b.contract.Paths.Value(path).Operations()[method]
		r := valid(f, method, path, operations[name], "")
		_, query, _ := strings.Cut(r.path, "?")
		if operations[name].Parameters == nil && r.body == "" {
			continue // nothing to vary
		}
		f.Add(name, uint8(3), unknownToken, query, "hexauth=x", []byte(r.body))
		f.Add(name, uint8(3), nasty[i%len(nasty)], query+"&x=%zz&redirectTo=%00&search=%00&cursor=%00&limit=1e3&code=%ff&state=%00&ticket=%00&metadata=%22", "", []byte(r.body))
	}
	f.Fuzz(func(t *testing.T, name string, mode uint8, parameter, query, header string, body []byte) {
		if operations[name] == nil {
			name = names[crc32.ChecksumIEEE([]byte(name))%uint32(len(names))]
		}
		method, template, _ := strings.Cut(name, " ")
		sent, path := requestTo(method, template, parameter, query, body)
		if sent == nil || b.operation(method, path) != operations[name] || !httpguts.ValidHeaderFieldValue(header) {
			return // net/http answers it, or it is a request to another operation
		}
		b.dress(sent, mode, header, session.AccessToken)
		before, began := b.rows(t), time.Now()
		got := b.serve(sent)
		require.Less(t, time.Since(began), 20*time.Second)
		got.t = t
		require.NotContains(t, []int{0, http.StatusInternalServerError, http.StatusServiceUnavailable}, got.status, "%s: %s", name, got.body)
		inner := *b.client
		inner.t = t
		inner.checkContract(request{method: method, path: path}, got)
		leadsHome(t, got)
		if got.status < 400 {
			return
		}
		if code := got.failure().Error; code == api.ErrorResponseErrorRequestValidationError || code == api.ErrorResponseErrorSchemaValidationError {
			require.Equal(t, before, b.rows(t), "%s was refused and has changed something", name)
		}
		for _, value := range values(string(body)) {
			if len(value) >= longSecret && !strings.Contains(string(body), `"`+value+`":`) {
				require.NotContains(t, got.body, value)
			}
		}
	})
}

// rows counts what requests make.
func (b *traveller) rows(t *testing.T) (n int) {
	db, _ := b.kit.Store.Migrations()
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM auth.users) + (SELECT count(*) FROM auth.hexauth_outbox) +
		(SELECT count(*) FROM auth.refresh_tokens)`).Scan(&n))
	return n
}

const adminKey = "the key of administrators, long"

// operationNames lists what the contract has, as "POST /token".
func operationNames(contract *openapi3.T) (names []string) {
	for path, item := range contract.Paths.Map() {
		for method := range item.Operations() {
			names = append(names, method+" "+path)
		}
	}
	slices.Sort(names)
	return names
}

// requestTo fills a template. It returns nil for what no HTTP server takes, and the path without what the parameter has of it.
func requestTo(method, template, parameter, query string, body []byte) (*http.Request, string) {
	if strings.Contains(template, "{") && (parameter == "" || strings.ContainsAny(parameter, "/?# ")) {
		return nil, ""
	}
	filled := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllLiteralString(template, parameter)
	target, err := url.ParseRequestURI(filled + "?" + query)
	if err != nil || target.RawQuery != query {
		return nil, ""
	}
	sent := httptest.NewRequest(method, "/", bytes.NewReader(body))
	sent.URL, sent.RequestURI = target, target.RequestURI()
	return sent, strings.ReplaceAll(filled, "%", "")
}

// dress gives a request its headers.
func (b *traveller) dress(r *http.Request, mode uint8, header, bearer string) {
	r.Header.Set("Content-Type", "application/json")
	if mode&1 != 0 {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	if mode&2 != 0 {
		r.Header.Set("X-Hexauth-Admin-Secret", adminKey)
	}
	if mode&4 != 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i, name := range []string{"Content-Type", "Cookie", "X-Hasura-Admin-Secret", "Origin", "Accept"} {
		if int(mode>>3) == i+1 {
			r.Header.Set(name, header)
		}
	}
}

// leadsHome demands that a redirect leads to the app or to a provider.
func leadsHome(t *testing.T, got response) {
	text := got.header.Get("Location")
	if text == "" {
		return
	}
	location, err := url.Parse(text)
	require.NoError(t, err)
	require.Equal(t, "https", location.Scheme, text)
	require.Contains(t, []string{"app.example.com", "provider.example"}, strings.TrimSuffix(strings.ToLower(location.Host), ":443"), text)
	require.Nil(t, location.User)
}

// FuzzRefreshBody presents any refresh token. Nobody gets in with one that was not given.
func FuzzRefreshBody(f *testing.F) {
	c := newClient(f)
	session := c.signUp("jane@example.com")
	for _, seed := range []string{unknownToken, strings.ToUpper(session.RefreshToken), session.RefreshToken + " ", session.RefreshToken[:35], `\x` + session.RefreshToken, "\x00", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == session.RefreshToken {
			return
		}
		body, err := json.Marshal(map[string]string{"refreshToken": token})
		require.NoError(t, err)
		r := request{method: http.MethodPost, path: "/token", body: string(body)}
		got := c.serve(r.http())
		got.t = t
		inner := *c
		inner.t = t
		inner.checkContract(r, got)
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, got.status, got.body)
		if len(token) >= longSecret {
			require.NotContains(t, got.body, token)
		}
	})
}
