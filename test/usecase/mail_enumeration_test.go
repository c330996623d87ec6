package usecase_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/usecase"
)

// requests counts what is sent to PostgreSQL: one write a round trip.
type requests struct{ sent atomic.Int64 }

func (r *requests) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return counted{connection, r}, err
}

type counted struct {
	net.Conn
	requests *requests
}

func (c counted) Write(b []byte) (int, error) {
	c.requests.sent.Add(1)
	return c.Conn.Write(b)
}

// spent is what a request makes the server do, as far as somebody who waits for the answer could notice.
type spent struct{ roundTrips, hashes, draws, queued int }

// spending returns what do costs at least: connections may be checked, and statements prepared, in between.
func spending(t *testing.T, k *kit.Kit, r *requests, do func() error) spent {
	t.Helper()
	var least spent
	for i := range 6 {
		queued := k.Count("SELECT count(*) FROM auth.hexauth_outbox")
		before := spent{int(r.sent.Load()), k.Passwords.Work(), k.Random.Drawn(), queued}
		require.NoError(t, do())
		now := spent{int(r.sent.Load()) - before.roundTrips, k.Passwords.Work() - before.hashes, k.Random.Drawn() - before.draws, 0}
		now.queued = k.Count("SELECT count(*) FROM auth.hexauth_outbox") - queued
		if i == 0 || now.roundTrips < least.roundTrips {
			least = now
		}
	}
	return least
}

func TestAnswers_CostTheSameForKnownAndUnknownAddresses(t *testing.T) {
	r := &requests{}
	url := pgtest.Database(t)
	k := kit.New(t, func(s *kit.Settings) {
		s.URL, s.AutoSignUpOff, s.Conceal, s.Store.Dial = url, true, true, r.dial
	})
	k.SignUp("known@example.com")
	unknown := 0
	fresh := func() domain.Email {
		unknown++
		return domain.Email(string(rune('a'+unknown%26)) + string(rune('a'+unknown/26)) + "@example.com")
	}
	for name, ask := range map[string]func(domain.Email) error{
		"password reset": func(email domain.Email) error { return askReset(k, usecase.MailInput{Email: email}) },
		"verification, concealed": func(email domain.Email) error {
			return askVerification(k, usecase.MailInput{Email: email})
		},
		"link": func(email domain.Email) error { return askByLink(k, usecase.EmailSignInInput{Email: email}) },
		"code": func(email domain.Email) error {
			return k.UseCases.SignInOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: email})
		},
		"sign-up by link": func(email domain.Email) error {
			return k.UseCases.SignUpPasswordlessEmail.Do(t.Context(), usecase.EmailSignInInput{Email: email})
		},
		"sign-up by code": func(email domain.Email) error {
			return k.UseCases.SignUpOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: email})
		},
	} {
		known := spending(t, k, r, func() error { return ask("known@example.com") })
		require.Equal(t, 2, known.roundTrips, "%s: a look at the account, and one statement for everything else", name)
		require.Equal(t, 1, known.queued, name)
		require.Equal(t, known, spending(t, k, r, func() error { return ask(fresh()) }), name)
	}
}

func TestAnswers_ToGuessesCostTheSameForKnownAndUnknownAddresses(t *testing.T) {
	r := &requests{}
	url := pgtest.Database(t)
	k := kit.New(t, func(s *kit.Settings) { s.URL, s.Store.Dial = url, r.dial })
	mail := askByCode(t, k, "known@example.com")
	cost := func(email domain.Email) spent {
		return spending(t, k, r, func() error {
			_, err := guess(k, email, wrong(mail))
			require.ErrorIs(t, err, domain.InvalidTicket)
			return nil
		})
	}
	require.Equal(t, cost("known@example.com"), cost("unknown@example.com"))
}
