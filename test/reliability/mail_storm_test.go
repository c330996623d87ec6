package reliability

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// twoInstances starts two servers on one database.
func twoInstances(t *testing.T, env map[string]string) []client {
	t.Helper()
	instances := []client{newClient(t, proc.Start(t, env).URL), newClient(t, proc.Start(t, env).URL)}
	for _, c := range instances {
		c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return instances
}

// open follows a mailed link to this server and returns the refresh token that it leads to.
func (c client) open(link string) (string, answer, error) {
	a, err := c.get(link[strings.Index(link, "/verify?"):], "")
	if err != nil {
		return "", a, err
	}
	target, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return "", a, err
	}
	return target.Query().Get("refreshToken"), a, nil
}

func TestLink_OpenedFiftyTimesAtOnceLeavesOneSession(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			email := address()
			dsn, count := database.open(t)
			mails := newMailServer(t)
			instances := twoInstances(t, mails.env(dsn))
			mustStatus(t, http.StatusOK)(instances[0].askForLink(email))
			link := mails.letterTo(t, email, 0).link

			tokens := make([]string, 50)
			var wrong complaints
			parallel(len(tokens), func(i int) {
				token, a, err := instances[i%2].open(link)
				if err != nil || a.status != http.StatusFound || token == "" {
					wrong.add("got %v %v to %s", a, err, a.header.Get("Location"))
				}
				tokens[i] = token
			})
			wrong.requireNone(t)
			require.Equal(t, 1, count("SELECT count(*) FROM auth.refresh_tokens"))
			require.Equal(t, 1, count("SELECT count(*) FROM auth.users WHERE email_verified"))
			statuses := map[int]int{}
			for i, token := range tokens {
				a, err := instances[i%2].refresh(token)
				require.NoError(t, err)
				statuses[a.status]++
			}
			require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnauthorized: 49}, statuses)
		})
	}
}

// wrongCodes returns n codes that are not the right one.
func wrongCodes(n int, right string) (codes []string) {
	for i := 0; len(codes) < n; i++ {
		if code := strings.Repeat(string(rune('0'+i%10)), 5) + string(rune('0'+i/10)); code != right {
			codes = append(codes, code)
		}
	}
	return codes
}

func TestCode_GuessedFiftyTimesAtOnceIsJudgedFiveTimes(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			email := address()
			dsn, count := database.open(t)
			mails := newMailServer(t)
			instances := twoInstances(t, mails.env(dsn))
			mustStatus(t, http.StatusOK)(instances[0].askForCode(email))
			right := mails.letterTo(t, email, 0).ticket
			codes := wrongCodes(50, right)
			var wrong complaints
			parallel(len(codes), func(i int) {
				a, err := instances[i%2].guess(email, codes[i])
				if err == nil {
					err = a.check(http.StatusUnauthorized)
				}
				if err != nil {
					wrong.add("%v", err)
				}
			})
			wrong.requireNone(t)
			require.Equal(t, 5, count("SELECT sum(attempts) FROM auth.hexauth_codes"))
			mustStatus(t, http.StatusUnauthorized)(instances[0].guess(email, right))

			mustStatus(t, http.StatusOK)(instances[1].askForCode(email)) // does not refill the budget
			mustStatus(t, http.StatusUnauthorized)(instances[1].guess(email, mails.letterTo(t, email, 1).ticket))
			require.Zero(t, count("SELECT count(*) FROM auth.refresh_tokens"))
		})
	}
}

func TestCode_GivenRightFiftyTimesAtOnceOpensOneSession(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			email := address()
			dsn, count := database.open(t)
			mails := newMailServer(t)
			instances := twoInstances(t, mails.env(dsn))
			mustStatus(t, http.StatusOK)(instances[0].askForCode(email))
			code := mails.letterTo(t, email, 0).ticket
			statuses := make([]int, 50)
			parallel(len(statuses), func(i int) {
				if a, err := instances[i%2].guess(email, code); err == nil {
					statuses[i] = a.status
				}
			})
			counts := map[int]int{}
			for _, status := range statuses {
				counts[status]++
			}
			require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnauthorized: 49}, counts)
			require.Equal(t, 1, count("SELECT count(*) FROM auth.refresh_tokens"))
		})
	}
}
