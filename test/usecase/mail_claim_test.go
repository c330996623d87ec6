package usecase_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// The pre-hijacked account: somebody signs up another's address with a password of theirs, and waits.
func TestClaim_WhoSignsUpAnothersAddressKeepsNoWayIn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		for _, way := range []struct {
			email domain.Email
			prove func(email domain.Email) domain.User
		}{
			{"link@example.com", func(email domain.Email) domain.User {
				require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: email}))
				return k.MustRefresh(mustFollow(t, k, k.LastMail())).User
			}},
			{"code@example.com", func(email domain.Email) domain.User {
				require.NoError(t, k.SignInOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: email}))
				session, err := k.Only(k.VerifySignInOTPEmail.Do(t.Context(), usecase.VerifySignInOTPEmailInput{Email: email, OTP: domain.OTP(k.LastMail().Ticket)}))
				require.NoError(t, err)
				return session.User
			}},
		} {
			_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: way.email, Password: kit.Password})
			require.NoError(t, err)
			k.Mails() // the one that would have verified the address
			owner := way.prove(way.email)
			require.True(t, owner.EmailVerified)
			_, err = k.SignIn(way.email, kit.Password)
			require.Equal(t, error(domain.InvalidEmailPassword), err)
		}
	})
}

func TestClaim_TheVerificationLinkKeepsThePasswordThatCameWithIt(t *testing.T) {
	k := kit.New(t, verifying)
	_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
	require.NoError(t, err)
	mustFollow(t, k, k.LastMail())
	_, err = k.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
}

func TestClaim_AVerifiedAccountLosesNothingByALink(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}))
	mustFollow(t, k, k.LastMail())
	k.MustRefresh(session.RefreshToken)
	_, err := k.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
}

// What a thief of an access token has prepared is void once the owner changes the password or signs out everywhere.
func TestVoid_NothingPendingSurvivesAPasswordChangeOrSigningOutEverywhere(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		for i, end := range []func(session usecase.Session) error{
			func(s usecase.Session) error {
				return k.ChangeUserPassword.Do(t.Context(), usecase.ChangeUserPasswordInput{Bearer: s.User.ID, Session: s.ID, NewPassword: "another password"})
			},
			func(s usecase.Session) error {
				return k.SignOut.Do(t.Context(), usecase.SignOutInput{Bearer: s.User.ID, All: true})
			},
		} {
			email := domain.Email([]string{"jane@example.com", "joe@example.com"}[i])
			session := k.SignUp(email)
			require.NoError(t, k.ChangeUserEmail.Do(t.Context(), usecase.ChangeUserEmailInput{
				Bearer: session.User.ID, MailInput: usecase.MailInput{Email: "thief" + email},
			}))
			change := k.LastMail()
			require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: email}))
			link := k.LastMail()
			mustFollow(t, k, link)
			require.NoError(t, k.SignInOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: email}))
			code := k.LastMail()
			require.NoError(t, end(session))
			for _, mail := range []domain.Mail{change, link} {
				_, err := follow(k, mail)
				wantRefused(t, err, domain.InvalidTicket)
			}
			_, err := k.VerifySignInOTPEmail.Do(t.Context(), usecase.VerifySignInOTPEmailInput{Email: email, OTP: domain.OTP(code.Ticket)})
			require.Equal(t, error(domain.InvalidTicket), err)
		}
	})
}

func TestVoid_ALinkWhoseSessionWasSignedOutOpensNoOther(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}))
		link := k.LastMail()
		require.NoError(t, k.SignOut.Do(t.Context(), usecase.SignOutInput{Token: mustFollow(t, k, link)}))
		_, err := follow(k, link)
		wantRefused(t, err, domain.InvalidTicket)
	})
}

func TestSignIn_ThePasswordThatIsBeingChangedOpensNoSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session := k.SignUp("jane@example.com")
		k.SignInEmailPassword.Passwords = &changing{Passwords: k.Passwords, change: func() {
			require.NoError(t, k.ChangeUserPassword.Do(t.Context(), usecase.ChangeUserPasswordInput{Bearer: session.User.ID, NewPassword: "another password"}))
		}}
		_, err := k.SignIn("jane@example.com", kit.Password)
		require.Equal(t, error(domain.InvalidEmailPassword), err)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
	})
}

// changing is a port.Passwords in whose slow part, once, something else happens.
type changing struct {
	*kit.Passwords
	change func()
}

// Verify implements port.Passwords.
func (c *changing) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	ok, rehash, err = c.Passwords.Verify(ctx, hash, password)
	if change := c.change; change != nil {
		c.change = nil
		change()
	}
	return ok, rehash, err
}
