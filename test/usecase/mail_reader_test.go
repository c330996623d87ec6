package usecase_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

const (
	verifier      = "a verifier of the tests, which has forty-three characters"
	liveSessions  = "SELECT count(*) FROM auth.refresh_tokens WHERE type = 'regular'"
	pendingTicket = "SELECT count(*) FROM auth.hexauth_tickets WHERE used_at IS NULL AND user_id IS NOT NULL"
)

// follow opens a mail's link as a browser does and returns the parameters it is sent on with.
func follow(k *kit.Kit, mail domain.Mail) (url.Values, error) {
	link, err := url.Parse(mail.Link)
	if err != nil {
		return nil, err
	}
	query := link.Query()
	return followWith(k, mail, query.Get("redirectTo"), query.Get("codeChallenge"))
}

// followWith opens a mail's link with parameters that somebody has changed.
func followWith(k *kit.Kit, mail domain.Mail, redirectTo, codeChallenge string) (url.Values, error) {
	location, err := k.UseCases.VerifyTicket.Do(context.Background(),
		usecase.VerifyTicketInput{Ticket: domain.Ticket(mail.Ticket), RedirectTo: redirectTo, CodeChallenge: codeChallenge})
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	return target.Query(), nil
}

// mustFollow opens a link that is good and returns the refresh token of its session.
func mustFollow(t *testing.T, k *kit.Kit, mail domain.Mail) domain.RefreshToken {
	t.Helper()
	query, err := follow(k, mail)
	require.NoError(t, err)
	require.NotEmpty(t, query.Get("refreshToken"))
	return domain.RefreshToken(query.Get("refreshToken"))
}

// wantRefused checks that a link leads back to the app with a code of the product.
func wantRefused(t *testing.T, err error, want domain.Code) {
	t.Helper()
	var redirected *usecase.RedirectedError
	require.ErrorAs(t, err, &redirected)
	require.Equal(t, "https://app.example.com", redirected.Target)
	require.ErrorIs(t, err, want)
}

// wantEnded checks that a refresh token is good for nothing.
func wantEnded(t *testing.T, k *kit.Kit, token domain.RefreshToken) {
	t.Helper()
	_, err := k.Refresh(token)
	require.ErrorIs(t, err, domain.InvalidRefreshToken)
}

// parallel calls do fifty times at the same time and counts the errors, nil for successes, by code.
func parallel(do func(i int) error) map[error]int { return among(50, do) }

// among calls do n times at the same time and counts the outcomes.
func among(n int, do func(i int) error) map[error]int {
	var callers sync.WaitGroup
	var mu sync.Mutex
	counts := map[error]int{}
	for i := range n {
		callers.Go(func() {
			err := do(i)
			var code domain.Code
			if errors.As(err, &code) {
				err = code
			}
			mu.Lock()
			defer mu.Unlock()
			counts[err]++
		})
	}
	callers.Wait()
	return counts
}

// verifying makes verified addresses a condition of sign-in.
func verifying(s *kit.Settings) { s.SignIn.RequireVerified = true }

func askByLink(k *kit.Kit, in usecase.EmailSignInInput) error {
	return k.UseCases.SignInPasswordlessEmail.Do(context.Background(), in)
}

func askReset(k *kit.Kit, in usecase.MailInput) error {
	return k.UseCases.SendPasswordResetEmail.Do(context.Background(), in)
}

func askVerification(k *kit.Kit, in usecase.MailInput) error {
	return k.UseCases.SendVerificationEmail.Do(context.Background(), in)
}

func askChange(k *kit.Kit, bearer domain.UserID, in usecase.MailInput) error {
	return k.UseCases.ChangeUserEmail.Do(context.Background(), usecase.ChangeUserEmailInput{Bearer: bearer, MailInput: in})
}

// resetMail asks for a new password for an account and returns the mail.
func resetMail(t *testing.T, k *kit.Kit, email domain.Email) domain.Mail {
	t.Helper()
	require.NoError(t, askReset(k, usecase.MailInput{Email: email}))
	return k.LastMail()
}
