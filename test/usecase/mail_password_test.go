package usecase_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

const newPassword = "staple battery horse"

func changePassword(k *kit.Kit, in usecase.ChangeUserPasswordInput) error {
	return k.UseCases.ChangeUserPassword.Do(context.Background(), in)
}

// redeemReset sets newPassword with the ticket of a mail.
func redeemReset(k *kit.Kit, mail domain.Mail) error {
	return changePassword(k, usecase.ChangeUserPasswordInput{Ticket: domain.Ticket(mail.Ticket), NewPassword: newPassword})
}

// wantPassword checks which password an account has.
func wantPassword(t *testing.T, k *kit.Kit, email domain.Email, password string) {
	t.Helper()
	_, err := k.SignIn(email, password)
	require.NoError(t, err)
}

// addPAT gives a user a personal access token.
func addPAT(k *kit.Kit, user domain.UserID) {
	k.Exec("INSERT INTO auth.refresh_tokens (id, user_id, refresh_token_hash, expires_at, type) VALUES ('" +
		uuid.NewString() + "', '" + string(user) + "', '\\xpat', '2099-01-01T00:00:00.000000Z', 'pat')")
}

func TestPasswordChange_EndsTheOtherSessionsAndKeepsTheBearersAndPATs(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		other, joe := k.SignUp("jane@example.com"), k.SignUp("joe@example.com")
		own, err := k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		addPAT(k, own.User.ID)
		require.NoError(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: own.User.ID, Session: own.ID, NewPassword: newPassword}))
		wantEnded(t, k, other.RefreshToken)
		k.MustRefresh(own.RefreshToken)
		k.MustRefresh(joe.RefreshToken)
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.refresh_tokens WHERE type = 'pat'"))
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.ErrorIs(t, err, domain.InvalidEmailPassword)
		wantPassword(t, k, "jane@example.com", newPassword)
	})
}

func TestPasswordChange_EndsWhatResetMailsAreGoodFor(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		used, fresh := resetMail(t, k, "jane@example.com"), resetMail(t, k, "jane@example.com")
		session := k.MustRefresh(mustFollow(t, k, used))
		require.NoError(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, Session: session.ID, NewPassword: newPassword}))
		for _, mail := range []domain.Mail{used, fresh} {
			_, err := follow(k, mail)
			wantRefused(t, err, domain.InvalidTicket)
			wantInvalid(t, redeemReset(k, mail))
		}
		k.MustRefresh(session.RefreshToken)
	})
}

func TestPasswordChange_ByABearerWhoseSessionIsUnknownEndsAll(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	require.NoError(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, NewPassword: newPassword}))
	require.Zero(t, k.Count(liveSessions))
}

func TestPasswordChange_ByTicketWorksOnceAndEndsAllSessions(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session := k.SignUp("jane@example.com")
		addPAT(k, session.User.ID)
		earlier, mail := resetMail(t, k, "jane@example.com"), resetMail(t, k, "JANE@example.com")
		require.Equal(t, "jane@example.com", mail.To, "as its owner wrote it")
		require.NoError(t, redeemReset(k, mail))
		wantInvalid(t, redeemReset(k, mail))
		wantInvalid(t, redeemReset(k, earlier))
		_, err := follow(k, mail)
		wantRefused(t, err, domain.InvalidTicket)
		require.Zero(t, k.Count(liveSessions))
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
		wantPassword(t, k, "jane@example.com", newPassword)
	})
}

func TestPasswordChange_OfFiftyWithOneTicketOneSucceeds(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		mail := resetMail(t, k, "jane@example.com")
		require.Equal(t, map[error]int{nil: 1, domain.InvalidTicket: 49}, parallel(func(int) error { return redeemReset(k, mail) }))
		taken := legacy(k, "passwordReset:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11")
		require.Equal(t, map[error]int{nil: 1, domain.InvalidTicket: 49}, parallel(func(int) error { return redeemReset(k, taken) }))
	})
}

func TestPasswordChange_ThatFailsLeavesTheTicketGood(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		breached := &kit.Breached{Known: "password123"}
		k.UseCases.ChangeUserPassword.Checks.Breached = breached
		k.SignUp("jane@example.com")
		mail := resetMail(t, k, "jane@example.com")
		set := func(password string) error {
			return changePassword(k, usecase.ChangeUserPasswordInput{Ticket: domain.Ticket(mail.Ticket), NewPassword: password})
		}
		work := k.Passwords.Work()
		require.ErrorIs(t, set("short"), domain.PasswordTooShort)
		require.ErrorIs(t, set("password123"), domain.PasswordInHIBPDatabase)
		k.Exec("UPDATE auth.users SET disabled = true")
		require.ErrorIs(t, set(newPassword), domain.DisabledUser)
		require.Equal(t, work, k.Passwords.Work(), "nothing slow before the rules")
		k.Exec("UPDATE auth.users SET disabled = false")
		require.NoError(t, set(newPassword))
	})
}

func TestPasswordChange_NeedsATicketOfItsOwnPurpose(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("jane@example.com").User.ID
		require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
		k.Clock.Advance(time.Second)
		require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}))
		k.Clock.Advance(time.Second)
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "new@example.com"}))
		for _, mail := range k.Mails() {
			wantInvalid(t, redeemReset(k, mail))
			mustFollow(t, k, mail)
		}
		wantInvalid(t, changePassword(k, usecase.ChangeUserPasswordInput{Ticket: "passwordReset:unknown", NewPassword: newPassword}))
		require.ErrorIs(t, changePassword(k, usecase.ChangeUserPasswordInput{NewPassword: newPassword}), domain.InvalidRequest)
		wantPassword(t, k, "new@example.com", kit.Password)
	})
}

func TestPasswordChange_ABearerWinsOverATicket(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	joe, mail := k.SignUp("joe@example.com"), resetMail(t, k, "jane@example.com")
	in := usecase.ChangeUserPasswordInput{Bearer: joe.User.ID, Session: joe.ID, Ticket: domain.Ticket(mail.Ticket), NewPassword: newPassword}
	require.NoError(t, changePassword(k, in))
	wantPassword(t, k, "joe@example.com", newPassword)
	wantPassword(t, k, "jane@example.com", kit.Password)
	require.NoError(t, redeemReset(k, mail))
}

func TestPasswordChange_TellsBearersWhyTheyMayNot(t *testing.T) {
	k := kit.New(t)
	anonymous, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	change := func(id domain.UserID) error {
		return changePassword(k, usecase.ChangeUserPasswordInput{Bearer: id, NewPassword: "short"})
	}
	require.ErrorIs(t, change(anonymous.User.ID), domain.ForbiddenAnonymous)
	require.ErrorIs(t, change(domain.UserID(uuid.NewString())), domain.InvalidEmailPassword)
	require.ErrorIs(t, change(k.SignUp("jane@example.com").User.ID), domain.PasswordTooShort)
}

func TestPasswordReset_TheLinkSignsInAndIsNoTicketAfterwards(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		mail := resetMail(t, k, "jane@example.com")
		session := k.MustRefresh(mustFollow(t, k, mail))
		wantInvalid(t, redeemReset(k, mail))
		require.False(t, session.User.EmailVerified)
		require.NoError(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, Session: session.ID, NewPassword: newPassword}))
		k.MustRefresh(session.RefreshToken)
		wantPassword(t, k, "jane@example.com", newPassword)
	})
}

func TestPasswordReset_ExpiresAfterAnHour(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	mail := resetMail(t, k, "jane@example.com")
	k.Clock.Advance(time.Hour)
	wantInvalid(t, redeemReset(k, mail))
}

func TestPasswordReset_MailedToAnAddressThatTheAccountHasLeftIsWorthNothing(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("old@example.com").User.ID
		reset := resetMail(t, k, "old@example.com")
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "new@example.com"}))
		mustFollow(t, k, k.LastMail())
		wantInvalid(t, redeemReset(k, reset))
		_, err := follow(k, reset)
		wantRefused(t, err, domain.InvalidTicket)
		wantPassword(t, k, "new@example.com", kit.Password)
	})
}

func TestPasswordReset_SaysNothingAndMailsOnlyWhoMayUseIt(t *testing.T) {
	k := kit.New(t, verifying, func(s *kit.Settings) {
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
	})
	for _, email := range []domain.Email{"disabled@example.com", "unverified@example.com"} {
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: email, Password: kit.Password})
		require.NoError(t, err)
	}
	k.Exec("UPDATE auth.users SET disabled = true, email_verified = true WHERE email = 'disabled@example.com'")
	sent := len(k.Mails())
	for _, email := range []domain.Email{"unknown@example.com", "disabled@example.com", "unverified@example.com", "jane@blocked.example"} {
		require.NoError(t, askReset(k, usecase.MailInput{Email: email}))
		require.ErrorIs(t, askReset(k, usecase.MailInput{Email: email, RedirectTo: "https://evil.example"}), domain.RedirectToNotAllowed)
	}
	require.Len(t, k.Mails(), sent)
}

func TestBreachedPasswords_AreRefusedWhereNewPasswordsAreSet(t *testing.T) {
	breached := &kit.Breached{Known: "password123"}
	k := kit.New(t, func(s *kit.Settings) { s.Checks.Breached = breached })
	session := k.SignUp("jane@example.com")
	anonymous, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	ways := map[string]func(password string) error{
		"sign-up": func(password string) error {
			_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: domain.Email(uuid.NewString() + "@example.com"), Password: password})
			return err
		},
		"change": func(password string) error {
			return changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, NewPassword: password})
		},
		"deanonymize": func(password string) error {
			return deanonymize(k, anonymous, usecase.DeanonymizeUserInput{Email: "new@example.com", Password: password})
		},
	}
	for name, set := range ways {
		require.ErrorIs(t, set("password123"), domain.PasswordInHIBPDatabase, name)
	}
	breached.Fail = errors.New("nobody answers")
	for name, set := range ways {
		require.ErrorIs(t, set("password123"), domain.InternalServerError, name)
	}
	k.UseCases.SignUpEmailPassword.Checks.FailOpen, k.UseCases.ChangeUserPassword.Checks.FailOpen, k.UseCases.DeanonymizeUser.Checks.FailOpen = true, true, true
	for name, set := range ways {
		require.NoError(t, set("password123"), name)
	}
}
