package reliability

import (
	"net/http"
	"strings"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

func TestMails_WaitForAMailServerThatIsAwayAndArriveOnce(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			mails := absentMailServer()
			env := mails.env(url)
			server := proc.Start(t, env)
			addresses := askForLinks(t, newClient(t, server.URL), 50)
			eventually(t, limit, "every mail tried in vain", func() bool { return count(waiting+" WHERE last_error <> ''") == 50 })
			list := mustTool(t, env, "outbox", "list")
			require.Equal(t, 51, strings.Count(list, "\n"), list)
			require.Equal(t, 50, strings.Count(list, "connection refused"), list)
			for _, email := range addresses {
				require.Equal(t, 1, strings.Count(list, email))
			}
			eventually(t, limit, "fifty lines in the log", func() bool { return countLines(server.Log(), `"event":"message_not_sent"`) == 50 })

			mails.start(t)
			hurry(t, url)
			requireDelivered(t, mails, count, addresses)
			_, letters := mails.letters()
			requireSecret(t, letters, "the log", server.Log())
			requireSecret(t, letters, "hexauth outbox list", list)
		})
	}
}

func TestMails_KeepNobodyWaitingForAMailServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			server := proc.Start(t, blackHole(t).env(url))
			c := newClient(t, server.URL)
			known := askForLinks(t, c, 30)
			var times []time.Duration
			for _, email := range known {
				times = append(times, mustStatus(t, http.StatusOK)(c.askForReset(email)).took,
					mustStatus(t, http.StatusOK)(c.askForReset(address())).took, mustStatus(t, http.StatusOK)(c.askForCode(email)).took)
			}
			requirePromptTimes(t, times)
			require.Equal(t, 90, count(waiting+" WHERE template <> ''"), "nothing may be lost")

			began := time.Now()
			require.Equal(t, 0, server.Stop())
			require.Less(t, time.Since(began), 20*time.Second)
			mails := newMailServer(t)
			proc.Start(t, mails.env(url))
			hurry(t, url)
			eventually(t, mailLimit, "an empty outbox", func() bool { return count(waiting) == 0 })
			_, accepted := mails.letters()
			want := append(append(append([]string{}, known...), known...), known...)
			requireOnce(t, want, accepted)
		})
	}
}

func TestMails_RefusedForNowAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			mails := newMailServer(t)
			mails.will(func(letter, *smtp.Conn) error {
				return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back later"}
			})
			env := mails.env(url)
			server := proc.Start(t, env)
			addresses := askForLinks(t, newClient(t, server.URL), 5)
			eventually(t, limit, "five refusals", func() bool { return count(waiting+" WHERE last_error <> ''") == 5 })
			list := mustTool(t, env, "outbox", "list")
			require.Equal(t, 5, strings.Count(list, "451 4.7.1"), list)

			mails.will(nil)
			for _, id := range identifiers(list) { // without it the next attempt begins 15 seconds after the first
				require.Equal(t, "1 to be sent again\n", mustTool(t, env, "outbox", "retry", id))
			}
			requireDelivered(t, mails, count, addresses)
			received, _ := mails.letters()
			requireSecret(t, received, "the log", server.Log())
			requireSecret(t, received, "hexauth outbox list", list)
		})
	}
}

// identifiers reads the first column of a list.
func identifiers(list string) (ids []string) {
	for line := range strings.Lines(list) {
		if id, _, _ := strings.Cut(line, " "); len(id) == 36 {
			ids = append(ids, id)
		}
	}
	return ids
}

// The pauses are real here: the second attempt begins by itself, 15 seconds after the first.
func TestMails_RefusedForNowAreTriedAgainByThemselves(t *testing.T) {
	t.Parallel()
	url, count := databases()[0].open(t)
	mails := newMailServer(t)
	refused := make(chan time.Time, 10)
	mails.will(func(letter, *smtp.Conn) error {
		refused <- time.Now()
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back later"}
	})
	addresses := askForLinks(t, newClient(t, proc.Start(t, mails.env(url)).URL), 1)
	first := <-refused
	mails.will(nil)
	requireDelivered(t, mails, count, addresses)
	require.Greater(t, time.Since(first), 14*time.Second)
	require.Equal(t, 2, mails.countReceived())
}

func TestMails_RefusedForGoodHoldNobodyUpAndAreParkedAfterADay(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			mails := newMailServer(t)
			bad := address()
			mails.will(func(l letter, _ *smtp.Conn) error {
				if l.to == bad {
					return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user; the link was " + l.link}
				}
				return nil
			})
			env := mails.env(url)
			server := proc.Start(t, env)
			c := newClient(t, server.URL)
			mustStatus(t, http.StatusOK)(c.askForLink(bad))
			addresses := askForLinks(t, c, 5)
			eventually(t, limit, "the others' mails", func() bool { return mails.countAccepted() == 5 })
			_, accepted := mails.letters()
			requireOnce(t, addresses, accepted)
			eventually(t, limit, "the refusal", func() bool { return count(waiting+" WHERE last_error <> ''") == 1 })
			require.Contains(t, mustTool(t, env, "outbox", "list"), "550 5.1.1")

			change(t, url, `UPDATE auth.hexauth_outbox SET created_at = '2020-01-01T00:00:00.000000Z', next_attempt_at = '2020-01-01T00:00:00.000000Z'`)
			eventually(t, limit, "the mail given up", func() bool { return count(waiting+" WHERE parked_at IS NOT NULL") == 1 })
			list := mustTool(t, env, "outbox", "list")
			require.Regexp(t, `(?m)^[0-9a-f-]{36} +signin-passwordless +`+bad+` .* parked +smtp: .*550 5\.1\.1`, list)
			eventually(t, limit, "an error in the log", func() bool { return countLines(server.Log(), `"level":"ERROR"`) == 1 })

			mails.will(nil)
			require.Equal(t, "1 to be sent again\n", mustTool(t, env, "outbox", "retry"))
			requireDelivered(t, mails, count, append(addresses, bad))
			received, _ := mails.letters()
			requireSecret(t, received, "the log", server.Log())
			requireSecret(t, received, "hexauth outbox list", list)
			require.Equal(t, "0 to be sent again\n", mustTool(t, env, "outbox", "retry"))
			for _, unknown := range []string{"11111111-1111-4111-8111-111111111111", "no-id"} {
				text, err := tool(t, env, "outbox", "retry", unknown)
				require.Error(t, err)
				require.Equal(t, "hexauth: there is no such mail in the outbox\n", text)
			}
		})
	}
}

func TestMails_ToASlowServerArriveOnceAndKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	url, count := databases()[1].open(t)
	mails := newMailServer(t)
	mails.will(func(letter, *smtp.Conn) error {
		time.Sleep(time.Second / 2)
		return nil
	})
	addresses := askForLinks(t, newClient(t, proc.Start(t, mails.env(url)).URL), 15)
	require.NotZero(t, count(waiting), "otherwise nothing was slow")
	requireDelivered(t, mails, count, addresses)
}

func TestMails_WhoseAnswerIsLostCarryTheSameMessageIDWhenSentAgain(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			mails := newMailServer(t)
			mails.will(func(_ letter, c *smtp.Conn) error {
				_ = c.Conn().Close()
				return &smtp.SMTPError{Code: 421, Message: "nobody reads this"}
			})
			env := mails.env(url)
			server := proc.Start(t, env)
			addresses := askForLinks(t, newClient(t, server.URL), 1)
			eventually(t, limit, "the failure noted", func() bool { return count(waiting+" WHERE last_error <> ''") == 1 })
			require.Equal(t, 1, mails.countReceived(), "content that may have been taken is not repeated at once")
			mails.will(nil)
			hurry(t, url)
			requireDelivered(t, mails, count, addresses)
			received, _ := mails.letters()
			require.Len(t, received, 2)
			require.NotEmpty(t, received[0].id)
			require.Equal(t, received[0], received[1], "recipient, Message-ID, link and ticket")
			requireSecret(t, received, "the log", server.Log())
		})
	}
}
