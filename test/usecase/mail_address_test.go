package usecase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func TestEmailChange_TakesPlaceWhenTheLinkIsOpened(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session := k.SignUp("old@example.com")
		require.NoError(t, askChange(k, session.User.ID, usecase.MailInput{Email: "New@example.com", RedirectTo: "https://app.example.com/settings"}))
		mail := k.LastMail()
		require.Equal(t, domain.Message{
			ID: mail.ID, Template: domain.TemplateEmailConfirmChange, Locale: "en", To: "New@example.com", DisplayName: "old@example.com",
			Email: "old@example.com", NewEmail: "New@example.com", Link: mail.Link, Ticket: mail.Ticket, RedirectTo: "https://app.example.com/settings",
		}, mail.Message)
		wantPassword(t, k, "old@example.com", kit.Password)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE email_verified"), "not before")
		user := k.MustRefresh(mustFollow(t, k, mail)).User
		require.Equal(t, domain.Email("New@example.com"), user.Email)
		require.True(t, user.EmailVerified)
		wantPassword(t, k, "new@example.com", kit.Password)
		_, err := k.SignIn("old@example.com", kit.Password)
		require.ErrorIs(t, err, domain.InvalidEmailPassword)
		k.MustRefresh(session.RefreshToken)
	})
}

// Whoever has mistyped the address and corrects it must not leave the account to the stranger who got the first link.
func TestEmailChange_OnlyTheLinkThatWasAskedForLastWorks(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("jane@example.com").User.ID
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "mistyped@example.com"}))
		strangers := k.LastMail()
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "new@example.com"}))
		own := k.LastMail()
		for range 2 { // before the right link is opened, and after
			_, err := follow(k, strangers)
			wantRefused(t, err, domain.InvalidTicket)
			require.Equal(t, domain.Email("new@example.com"), k.MustRefresh(mustFollow(t, k, own)).User.Email)
		}
	})
}

func TestEmailChange_ALinkOpenedAgainUndoesNoLaterChange(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("jane@example.com").User.ID
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "first@example.com"}))
		first := k.LastMail()
		mustFollow(t, k, first)
		k.Clock.Advance(time.Minute)
		mustFollow(t, k, first)
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "second@example.com"}))
		mustFollow(t, k, k.LastMail())
		_, err := follow(k, first)
		wantRefused(t, err, domain.InvalidTicket)
		wantPassword(t, k, "second@example.com", kit.Password)
	})
}

func TestEmailChange_AnAddressTakenInTheMeantimeIsTold(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("jane@example.com").User.ID
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "new@example.com"}))
		mail := k.LastMail()
		k.SignUp("NEW@example.com")
		_, err := follow(k, mail)
		wantRefused(t, err, domain.EmailAlreadyInUse)
		wantPassword(t, k, "jane@example.com", kit.Password)
	})
}

func TestEmailChange_RefusesInTheOrderOfTheAPI(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) {
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
	})
	anonymous, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	id := k.SignUp("jane@example.com").User.ID
	k.SignUp("joe@example.com")
	require.ErrorIs(t, askChange(k, anonymous.User.ID, usecase.MailInput{Email: "x@blocked.example", RedirectTo: "https://evil.example"}), domain.RedirectToNotAllowed)
	require.ErrorIs(t, askChange(k, anonymous.User.ID, usecase.MailInput{Email: "x@blocked.example"}), domain.ForbiddenAnonymous)
	require.ErrorIs(t, askChange(k, id, usecase.MailInput{Email: "x@BLOCKED.example"}), domain.InvalidEmailPassword)
	require.ErrorIs(t, askChange(k, id, usecase.MailInput{Email: "JOE@example.com"}), domain.EmailAlreadyInUse)
	require.Empty(t, k.Mails())
	require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE new_email IS NOT NULL"))
}

func TestVerificationMail_IsSentAgainToWhoNeedsIt(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
		require.NoError(t, err)
		ask := func(email domain.Email) error { return askVerification(k, usecase.MailInput{Email: email}) }
		require.ErrorIs(t, askVerification(k, usecase.MailInput{Email: "x@example.com", RedirectTo: "https://evil.example"}), domain.RedirectToNotAllowed)
		require.ErrorIs(t, ask("unknown@example.com"), domain.InvalidEmailPassword)
		require.NoError(t, ask("jane@example.com"))
		require.Len(t, k.Mails(), 2)
		k.Exec("UPDATE auth.users SET disabled = true")
		require.ErrorIs(t, ask("jane@example.com"), domain.DisabledUser)
		k.Exec("UPDATE auth.users SET disabled = false")
		for _, mail := range k.Mails() {
			mustFollow(t, k, mail)
		}
		require.ErrorIs(t, ask("jane@example.com"), domain.EmailAlreadyVerified)
		require.Len(t, k.Mails(), 2)
	})
}

func TestVerificationMail_ConcealedErrorsAreNoErrorsAndMailNothing(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.Conceal = true })
	for _, email := range []domain.Email{"verified@example.com", "disabled@example.com", "jane@example.com"} {
		k.SignUp(email)
	}
	k.Exec("UPDATE auth.users SET email_verified = true WHERE email = 'verified@example.com'")
	k.Exec("UPDATE auth.users SET disabled = true WHERE email = 'disabled@example.com'")
	for _, email := range []domain.Email{"verified@example.com", "disabled@example.com", "unknown@example.com"} {
		require.NoError(t, askVerification(k, usecase.MailInput{Email: email}))
	}
	require.Empty(t, k.Mails())
	require.ErrorIs(t, askVerification(k, usecase.MailInput{Email: "x@example.com", RedirectTo: "https://evil.example"}), domain.RedirectToNotAllowed)
	require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
	mustFollow(t, k, k.LastMail())
}
