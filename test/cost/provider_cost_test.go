package cost

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/providers"
)

// costs counts one call. What prepares its statements is left out: which of them a connection has not had yet is chance, because
// the pool opens connections when it likes and the worker borrows them.
func costs(t *testing.T, proxy *Proxy, statements int, do func()) {
	t.Helper()
	proxy.Take()
	do()
	record := proxy.Take()
	require.LessOrEqual(t, len(record.Statements), statements, "%s", record)
	require.LessOrEqual(t, record.RoundTrips-record.Prepared, statements, "%s", record)
	require.NotZero(t, record.RoundTrips)
}

func TestProviderOperations_CostTheirStatementsAndRoundTripsAndNoMore(t *testing.T) {
	proxy, fake, extra := newProxy(t), providers.Start(t, "github"), withStaticKey(t)
	for name, value := range fake.Environment() {
		extra[name] = value
	}
	extra["AUTH_CLIENT_URL"] = "https://app.example.com"
	client, _ := start(t, proxy, extra)
	client.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client.HTTP.Jar = jar
	get := func(address string) string {
		answer, err := client.HTTP.Get(address)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusFound, answer.StatusCode)
		return answer.Header.Get("Location")
	}
	for visit := range samples {
		person := providers.Person{ID: fmt.Sprint(1000 + visit), Email: uuid.NewString() + "@example.com", Attested: providers.Yes}
		fake.SignsIn(person)
		allowance := map[string]int{"depart": 1, "new": 7, "known": 7}
		for _, arrival := range []string{"new", "known"} {
			var location string
			costs(t, proxy, allowance["depart"], func() { location = get(client.URL + "/signin/provider/github") })
			callback := fake.Consent(t, location)
			parsed, err := url.Parse(callback.URL)
			require.NoError(t, err)
			costs(t, proxy, allowance[arrival], func() {
				location = get(client.URL + parsed.Path + "?" + callback.Values.Encode())
			})
			require.Contains(t, strings.SplitN(location, "?", 2)[1], "refreshToken=")
		}
	}
}
