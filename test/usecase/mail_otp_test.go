package usecase_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func guess(k *kit.Kit, email domain.Email, code domain.OTP) (usecase.Session, error) {
	return k.Only(k.UseCases.VerifySignInOTPEmail.Do(context.Background(), usecase.VerifySignInOTPEmailInput{Email: email, OTP: code}))
}

// verifyCode types the code of a mail.
func verifyCode(k *kit.Kit, email domain.Email, mail domain.Mail) (usecase.Session, error) {
	return guess(k, email, domain.OTP(mail.Ticket))
}

// askByCode asks for a code and returns the mail.
func askByCode(t *testing.T, k *kit.Kit, email domain.Email) domain.Mail {
	t.Helper()
	require.NoError(t, k.UseCases.SignInOTPEmail.Do(context.Background(), usecase.EmailSignInInput{Email: email}))
	return k.LastMail()
}

// wrong returns a code that is not the mail's.
func wrong(mail domain.Mail) domain.OTP {
	if mail.Ticket == "000000" {
		return "000001"
	}
	return "000000"
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, domain.InvalidTicket)
}

func TestOTP_SignsInOnceAndProvesTheAddress(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		mail := askByCode(t, k, "Jane@example.com")
		require.Equal(t, domain.TemplateSignInOTP, mail.Template)
		require.Regexp(t, `^[0-9]{6}$`, mail.Ticket)
		require.Empty(t, mail.Link)
		session, err := verifyCode(k, "JANE@example.com", mail)
		require.NoError(t, err)
		require.True(t, session.User.EmailVerified)
		k.MustRefresh(session.RefreshToken)
		_, err = verifyCode(k, "jane@example.com", mail)
		wantInvalid(t, err)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE ticket IS NOT NULL"))
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_codes WHERE code_hash LIKE '%"+mail.Ticket+"%'"))
	})
}

func TestOTP_AfterFiveWrongGuessesNotEvenTheRightOneWorksBeforeTheWindowEnds(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := askByCode(t, k, "jane@example.com")
		for range 5 {
			_, err := guess(k, "jane@example.com", wrong(mail))
			wantInvalid(t, err)
		}
		_, err := verifyCode(k, "jane@example.com", mail)
		wantInvalid(t, err)
		k.Clock.Advance(15*time.Minute - time.Second)
		fresh := askByCode(t, k, "jane@example.com")
		_, err = verifyCode(k, "jane@example.com", fresh)
		wantInvalid(t, err)
		k.Clock.Advance(time.Second)
		_, err = verifyCode(k, "jane@example.com", fresh)
		require.NoError(t, err)
	})
}

func TestOTP_FourWrongGuessesAreForgiven(t *testing.T) {
	k := kit.New(t)
	mail := askByCode(t, k, "jane@example.com")
	for range 4 {
		_, err := guess(k, "jane@example.com", wrong(mail))
		wantInvalid(t, err)
	}
	_, err := verifyCode(k, "jane@example.com", mail)
	require.NoError(t, err)
}

func TestOTP_OfFiftyGuessesAtOnceFiveCount(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := askByCode(t, k, "jane@example.com")
		require.Equal(t, map[error]int{domain.InvalidTicket: 50}, parallel(func(int) error {
			_, err := guess(k, "jane@example.com", wrong(mail))
			return err
		}))
		_, err := verifyCode(k, "jane@example.com", mail)
		wantInvalid(t, err)
		require.Zero(t, k.Count(liveSessions))
	})
}

func TestOTP_TypedByFiftyAtOnceGivesOneSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := askByCode(t, k, "jane@example.com")
		require.Equal(t, map[error]int{nil: 1, domain.InvalidTicket: 49}, parallel(func(int) error {
			_, err := verifyCode(k, "jane@example.com", mail)
			return err
		}))
		require.Equal(t, 1, k.Count(liveSessions))
	})
}

func TestOTP_ExpiresAndIsReplacedByANewOne(t *testing.T) {
	k := kit.New(t)
	first := askByCode(t, k, "jane@example.com")
	second := askByCode(t, k, "jane@example.com")
	require.NotEqual(t, first.Ticket, second.Ticket)
	_, err := verifyCode(k, "jane@example.com", first)
	wantInvalid(t, err)
	k.Clock.Advance(domain.OTPLifetime)
	_, err = verifyCode(k, "jane@example.com", second)
	wantInvalid(t, err)
	_, err = verifyCode(k, "jane@example.com", askByCode(t, k, "jane@example.com"))
	require.NoError(t, err)
}

func TestOTP_BelongsToItsAddress(t *testing.T) {
	k := kit.New(t)
	mail := askByCode(t, k, "jane@example.com")
	askByCode(t, k, "joe@example.com")
	_, err := verifyCode(k, "joe@example.com", mail)
	wantInvalid(t, err)
	_, err = verifyCode(k, "nobody@example.com", mail)
	wantInvalid(t, err)
	k.Exec("UPDATE auth.users SET email = 'new@example.com' WHERE email = 'jane@example.com'")
	_, err = verifyCode(k, "jane@example.com", mail)
	wantInvalid(t, err)
}

func TestOTP_WhatIsNoCodeCostsNoAttempt(t *testing.T) {
	k := kit.New(t)
	mail := askByCode(t, k, "jane@example.com")
	for _, text := range []domain.OTP{"", "12345", "1234567", "12345x", "１２３４５６", " 12345"} {
		_, err := guess(k, "jane@example.com", text)
		wantInvalid(t, err)
	}
	require.Zero(t, k.Count("SELECT attempts FROM auth.hexauth_codes"))
	_, err := verifyCode(k, "jane@example.com", mail)
	require.NoError(t, err)
}

func TestOTP_NoOtherTicketIsOne(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		before := k.Count(liveSessions)
		_, err := verifyCode(k, "jane@example.com", resetMail(t, k, "jane@example.com"))
		wantInvalid(t, err)
		require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
		_, err = verifyCode(k, "jane@example.com", k.LastMail())
		wantInvalid(t, err)
		for _, ticket := range []string{"mfaTotp:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11", "passwordReset:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11"} {
			_, err = verifyCode(k, "jane@example.com", legacy(k, ticket))
			wantInvalid(t, err)
		}
		require.Equal(t, before, k.Count(liveSessions))
	})
}

func TestOTP_OfATakenOverDatabaseWorksOnceAndWithinTheBudget(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		legacy(k, "012345")
		for range 4 {
			_, err := guess(k, "jane@example.com", "012346")
			wantInvalid(t, err)
		}
		session, err := guess(k, "Jane@example.com", "012345")
		require.NoError(t, err)
		require.True(t, session.User.EmailVerified)
		legacy(k, "543210")
		_, err = guess(k, "jane@example.com", "543210")
		wantInvalid(t, err)
		k.Clock.Advance(15 * time.Minute)
		_, err = guess(k, "jane@example.com", "012345")
		wantInvalid(t, err)
		_, err = guess(k, "jane@example.com", "543210")
		require.NoError(t, err)
	})
}

func TestOTP_IsNotUsedUpByAnAccountThatMayNotSignIn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := askByCode(t, k, "jane@example.com")
		k.Exec("UPDATE auth.users SET disabled = true")
		_, err := verifyCode(k, "jane@example.com", mail)
		require.ErrorIs(t, err, domain.DisabledUser)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE email_verified"))
		k.Exec("UPDATE auth.users SET disabled = false")
		_, err = verifyCode(k, "jane@example.com", mail)
		require.NoError(t, err)
	})
}

func TestOTP_IsNotTakenAwayBySomebodyWhoSignsUpWithTheAddress(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := askByCode(t, k, "jane@example.com")
		require.NoError(t, k.UseCases.SignUpOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}))
		require.Len(t, k.Mails(), 1)
		_, err := verifyCode(k, "jane@example.com", mail)
		require.NoError(t, err)
	})
}
