package reliability

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/test/proc"
)

// atLeisure takes a moment for each letter, so that a server can be met in the middle of its work.
func atLeisure(letter, *smtp.Conn) error {
	time.Sleep(50 * time.Millisecond)
	return nil
}

func TestKill_LosesNoAcknowledgedMailAndRepeatsAtMostTheOneUnderWay(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			mails := newMailServer(t)
			mails.will(atLeisure)
			env := mails.env(url)
			server := proc.Start(t, env)
			acknowledged := askUntilDeath(t, newClient(t, server.URL), func() bool { return mails.countAccepted() >= 12 }, server.Kill)
			waited := count(waiting)
			require.Greater(t, waited, 5, "mails must wait when the server dies")
			eventually(t, limit, "the mail server at rest", func() bool { return mails.countAccepted() == mails.countReceived() })
			_, before := mails.letters()

			hurry(t, url) // what the dead server had claimed would wait for three minutes
			survivor := proc.Start(t, env)
			eventually(t, mailLimit, "an empty outbox", func() bool { return count(waiting) == 0 })
			_, letters := mails.letters()
			got := map[string]int{}
			for _, l := range letters {
				got[l.id]++
			}
			for _, l := range before[:len(before)-1] {
				require.Equal(t, 1, got[l.id], "a mail was acknowledged and sent again")
			}
			require.LessOrEqual(t, got[before[len(before)-1].id], 2, "the one under way")
			arrived := map[string]bool{}
			for _, l := range letters {
				arrived[l.to] = true
			}
			for _, email := range acknowledged {
				require.True(t, arrived[email], "lost: "+email)
			}
			requireSecret(t, letters, "the logs", server.Log()+survivor.Log())
		})
	}
}

// askUntilDeath asks for links until enough, and kills the server meanwhile; it returns the addresses of acknowledged requests.
func askUntilDeath(t testing.TB, c client, enough func() bool, kill func()) (acknowledged []string) {
	t.Helper()
	var mu sync.Mutex
	var wrong complaints
	var load sync.WaitGroup
	for range 2 {
		load.Go(func() {
			for {
				email := address()
				a, err := c.askForLink(email)
				if err != nil {
					return
				}
				if a.status != http.StatusOK {
					wrong.add("got %s", a)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, email)
				mu.Unlock()
				time.Sleep(20 * time.Millisecond) // faster than mails leave
			}
		})
	}
	eventually(t, limit, "enough mails before the kill", enough)
	kill()
	load.Wait()
	wrong.requireNone(t)
	return acknowledged
}

func TestStop_InTheMiddleOfSendingRepeatsNoMail(t *testing.T) {
	t.Parallel()
	for _, database := range databases() {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			url, count := database.open(t)
			mails := newMailServer(t)
			mails.will(atLeisure)
			env := mails.env(url)
			server := proc.Start(t, env)
			addresses := askForLinks(t, newClient(t, server.URL), 40)
			for stops := 1; stops <= 3; stops++ {
				eventually(t, limit, "some mails sent", func() bool { return mails.countReceived() >= 5*stops })
				require.Equal(t, 0, server.Stop())
				require.Zero(t, countLines(server.Log(), `"event":"message_not_sent"`), "a stop is no failure")
				require.NotZero(t, count(waiting))
				server = proc.Start(t, env) // what the other had claimed is due at once
			}
			eventually(t, limit, "an empty outbox", func() bool { return count(waiting) == 0 })
			received, _ := mails.letters()
			requireOnce(t, addresses, received)
		})
	}
}

func TestTwoInstances_ShareOneOutbox(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	mails := newMailServer(t)
	mails.will(atLeisure)
	env := mails.env(dsn)
	instances := []client{newClient(t, proc.Start(t, env).URL), newClient(t, proc.Start(t, env).URL)}
	addresses := make([]string, 100)
	var wrong complaints
	parallel(4, func(worker int) {
		for i := worker; i < len(addresses); i += 4 {
			addresses[i] = address()
			if a, err := instances[i%2].askForLink(addresses[i]); err != nil || a.status != http.StatusOK {
				wrong.add("%v %v", a, err)
			}
		}
	})
	wrong.requireNone(t)
	requireDelivered(t, mails, func(statement string) int { return query[int](t, dsn, statement) }, addresses)
	mails.mu.Lock()
	defer mails.mu.Unlock()
	require.Len(t, mails.received, 100)
	require.Equal(t, 2, mails.connections, "each instance sends on a connection of its own")
}

func TestOutbox_KeepsNoSecretInClear(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	mails := absentMailServer()
	server := proc.Start(t, mails.env(dsn))
	c := newClient(t, server.URL)
	addresses := askForLinks(t, c, 3)
	mustStatus(t, http.StatusOK)(c.askForCode(addresses[0]))
	mustStatus(t, http.StatusOK)(c.askForReset(addresses[1]))
	const everything = `SELECT string_agg(row, E'\n') FROM (
		SELECT t::text AS row FROM auth.hexauth_tickets t UNION ALL SELECT c::text FROM auth.hexauth_codes c
		UNION ALL SELECT o::text FROM auth.hexauth_outbox o UNION ALL SELECT u::text FROM auth.users u) r`
	kept := query[string](t, dsn, everything)
	mails.start(t)
	hurry(t, dsn)
	eventually(t, mailLimit, "an empty outbox", func() bool { return query[int](t, dsn, waiting) == 0 })
	_, letters := mails.letters()
	require.Len(t, letters, 5)
	requireSecret(t, letters, "the database", kept)
	for _, l := range letters {
		if l.template == "signin-otp" {
			require.Len(t, l.ticket, 6)
			require.Empty(t, l.link)
		} else {
			require.Contains(t, l.link, "/verify?", fmt.Sprint(l))
		}
	}
	requireSecret(t, letters, "the log", server.Log())
}
