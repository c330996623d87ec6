package usecase_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func TestSignUp_WithVerificationRequiredTheMailsLinkOpensTheAccount(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "Jane@example.com", Password: kit.Password, Options: domain.SignUpOptions{
			DisplayName: "Jane", Locale: "de", RedirectTo: "https://app.example.com/welcome?plan=pro#top",
		}})
		require.NoError(t, err)
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.ErrorIs(t, err, domain.UnverifiedUser)
		mails := k.Mails()
		require.Len(t, mails, 1)
		message := mails[0].Message
		require.Regexp(t, `^verifyEmail:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, message.Ticket)
		require.Equal(t, domain.Message{
			ID: message.ID, Template: domain.TemplateEmailVerify, Locale: "de", To: "Jane@example.com", DisplayName: "Jane", Email: "Jane@example.com",
			Link: "https://auth.example.com/v1/verify?redirectTo=https%3A%2F%2Fapp.example.com%2Fwelcome%3Fplan%3Dpro%23top&ticket=" +
				url.QueryEscape(message.Ticket) + "&type=emailVerify",
			Ticket: message.Ticket, RedirectTo: "https://app.example.com/welcome?plan=pro#top",
		}, message)
		location, err := k.UseCases.VerifyTicket.Do(t.Context(), usecase.VerifyTicketInput{Ticket: domain.Ticket(message.Ticket), RedirectTo: message.RedirectTo})
		require.NoError(t, err)
		target, err := url.Parse(location)
		require.NoError(t, err)
		token := target.Query().Get("refreshToken")
		require.Equal(t, "https://app.example.com/welcome?plan=pro&refreshToken="+token+"&type=verifyEmail#top", location)
		require.True(t, k.MustRefresh(domain.RefreshToken(token)).User.EmailVerified)
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
	})
}

func TestLink_HasTheShapeOfItsPurpose(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	challenge := domain.S256(verifier)
	in := usecase.MailInput{Email: "jane@example.com", CodeChallenge: challenge}
	for _, want := range []struct {
		purpose, linkType string
		template          domain.Template
		ask               func() error
	}{
		{"verifyEmail", "emailVerify", domain.TemplateEmailVerify, func() error { return askVerification(k, in) }},
		{"passwordReset", "passwordReset", domain.TemplatePasswordReset, func() error { return askReset(k, in) }},
		{"passwordlessEmail", "signinPasswordless", domain.TemplateSignInPasswordless, func() error {
			return askByLink(k, usecase.EmailSignInInput{Email: in.Email, CodeChallenge: challenge})
		}},
		{"emailConfirmChange", "emailConfirmChange", domain.TemplateEmailConfirmChange, func() error {
			return askChange(k, session.User.ID, usecase.MailInput{Email: "new@example.com", CodeChallenge: challenge})
		}},
	} {
		require.NoError(t, want.ask())
		mail := k.LastMail()
		require.Equal(t, want.template, mail.Template)
		require.Regexp(t, "^"+want.purpose+":[0-9a-f-]{36}$", mail.Ticket)
		require.Equal(t, "https://auth.example.com/v1/verify?codeChallenge="+challenge+"&redirectTo=https%3A%2F%2Fapp.example.com&ticket="+
			url.QueryEscape(mail.Ticket)+"&type="+want.linkType, mail.Link)
		query, err := follow(k, mail)
		require.NoError(t, err)
		require.Equal(t, want.purpose, query.Get("type"))
	}
}

func TestLink_OpenedAgainWithinTenMinutesEndsTheSessionOfTheUseBefore(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}))
		mail := k.LastMail()
		scanners := mustFollow(t, k, mail)
		k.Clock.Advance(time.Minute)
		first := mustFollow(t, k, mail)
		wantEnded(t, k, scanners)
		first = k.MustRefresh(first).RefreshToken
		k.Clock.Advance(9*time.Minute - time.Second)
		second := mustFollow(t, k, mail)
		wantEnded(t, k, first)
		require.Equal(t, 1, k.Count(liveSessions))
		k.Clock.Advance(time.Second)
		_, err := follow(k, mail)
		wantRefused(t, err, domain.InvalidTicket)
		k.MustRefresh(second)
	})
}

func TestLink_OpenedByFiftyAtOnceHasOneLiveSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}))
		mail := k.LastMail()
		tokens := make([]domain.RefreshToken, 50)
		require.Equal(t, map[error]int{nil: 50}, parallel(func(i int) error {
			query, err := follow(k, mail)
			tokens[i] = domain.RefreshToken(query.Get("refreshToken"))
			return err
		}))
		require.Equal(t, 1, k.Count(liveSessions))
		live := 0
		for _, token := range tokens {
			if _, err := k.Refresh(token); err == nil {
				live++
			}
		}
		require.Equal(t, 1, live)
	})
}

func TestLink_OfOnePurposeOutlivesThoseOfOthers(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("jane@example.com").User.ID
		require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
		verification := k.LastMail()
		reset := resetMail(t, k, "jane@example.com")
		require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}))
		signIn := k.LastMail()
		for _, mail := range []domain.Mail{verification, reset, signIn} {
			mustFollow(t, k, mail)
		}
		user, err := k.Store.Users().ByID(t.Context(), id)
		require.NoError(t, err)
		require.True(t, user.EmailVerified)
	})
}

func TestLink_IsGoodForItsTime(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
	verification, reset := k.LastMail(), resetMail(t, k, "jane@example.com")
	k.Clock.Advance(time.Hour)
	_, err := follow(k, reset)
	wantRefused(t, err, domain.InvalidTicket)
	k.Clock.Advance(30*24*time.Hour - time.Hour - time.Second)
	mustFollow(t, k, verification)
}

func TestLink_ThatIsNoneLeadsBackWithAnError(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.Redirects = []string{"https://other.example.com"} })
	open := func(ticket, redirectTo string) error {
		_, err := k.UseCases.VerifyTicket.Do(t.Context(), usecase.VerifyTicketInput{Ticket: domain.Ticket(ticket), RedirectTo: redirectTo})
		return err
	}
	for _, ticket := range []string{
		"", "d9b6c8f3-66a8-4d0e-8d7f-0a9d1f1c6a55", "otp:123456", "123456", "mfaTotp:d9b6c8f3-66a8-4d0e-8d7f-0a9d1f1c6a55",
		"verifyEmail:d9b6c8f3-66a8-4d0e-8d7f-0a9d1f1c6a55", "VERIFYEMAIL:x", "passwordReset:",
	} {
		wantRefused(t, open(ticket, "https://app.example.com"), domain.InvalidTicket)
	}
	wantRefused(t, open("verifyEmail:x", "https://evil.example"), domain.RedirectToNotAllowed)
	var redirected *usecase.RedirectedError
	require.ErrorAs(t, open("verifyEmail:x", "https://other.example.com/y?z=1"), &redirected)
	require.Equal(t, "https://other.example.com/y?z=1", redirected.Target)
	err := open("verifyEmail:x", "https://%zz")
	require.ErrorIs(t, err, domain.InvalidRequest)
	require.NotErrorAs(t, err, &redirected, "there is nowhere to lead to")
}

func TestLink_ThatFailedIsAsGoodAsBefore(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
		require.NoError(t, err)
		mail := k.LastMail()
		k.Exec("UPDATE auth.users SET disabled = true")
		_, err = follow(k, mail)
		wantRefused(t, err, domain.DisabledUser)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE email_verified"))
		k.Exec("UPDATE auth.users SET disabled = false")
		k.Clock.Advance(time.Hour)
		mustFollow(t, k, mail)
	})
}

func TestLink_VerifiesNoOtherAddressThanItsOwn(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	require.NoError(t, askVerification(k, usecase.MailInput{Email: "jane@example.com"}))
	mail := k.LastMail()
	k.Exec("UPDATE auth.users SET email = 'new@example.com'")
	_, err := follow(k, mail)
	wantRefused(t, err, domain.InvalidTicket)
	require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE email_verified"))
}

func TestLink_IsKnownToTheDatabaseOnlyAsAHash(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	mail := resetMail(t, k, "jane@example.com")
	require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.hexauth_tickets WHERE ticket_hash = '"+string(domain.Ticket(mail.Ticket).Hash())+"'"))
	require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE ticket IS NOT NULL"))
}

// legacy writes a ticket where a hasura-auth server leaves it, good for an hour.
func legacy(k *kit.Kit, ticket string) domain.Mail {
	k.Exec("UPDATE auth.users SET ticket = '" + ticket + "', ticket_expires_at = '" + k.Clock.Now().Add(time.Hour).Format("2006-01-02T15:04:05.000000Z") + "'")
	return domain.Mail{Message: domain.Message{
		Ticket: ticket, Link: "https://auth.example.com/v1/verify?redirectTo=https%3A%2F%2Fapp.example.com&ticket=" + url.QueryEscape(ticket),
	}}
}

func TestLink_OfATakenOverDatabaseWorksAsAnyOther(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
		require.NoError(t, err)
		mail := legacy(k, "verifyEmail:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11")
		require.Equal(t, map[error]int{nil: 50}, parallel(func(int) error {
			_, err := follow(k, mail)
			return err
		}))
		require.Equal(t, 1, k.Count(liveSessions))
		k.Clock.Advance(10 * time.Minute)
		_, err = follow(k, mail)
		wantRefused(t, err, domain.InvalidTicket)
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		_, err = follow(k, legacy(k, "emailConfirmChange:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c12"))
		wantRefused(t, err, domain.InvalidTicket)
		k.Exec("UPDATE auth.users SET new_email = 'new@example.com'")
		mustFollow(t, k, legacy(k, "emailConfirmChange:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c13"))
		_, err = k.SignIn("new@example.com", kit.Password)
		require.NoError(t, err)
	})
}

func TestPasswordless_CreatesAnAccountAndSignsIn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		in := usecase.EmailSignInInput{Email: "jane@example.com", Options: domain.SignUpOptions{Locale: "de", AllowedRoles: []domain.Role{"me"}, DefaultRole: "me"}}
		require.NoError(t, askByLink(k, in))
		in.Options.Locale = "en"
		require.NoError(t, askByLink(k, in), "the second time there is the account")
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users"))
		mails := k.Mails()
		require.Len(t, mails, 2)
		for _, mail := range mails {
			require.Equal(t, domain.TemplateSignInPasswordless, mail.Template)
			require.Equal(t, "de", mail.Locale, "the account's")
			session := k.MustRefresh(mustFollow(t, k, mail))
			require.True(t, session.User.EmailVerified)
			require.Equal(t, []domain.Role{"me"}, session.User.Roles)
		}
	})
}

func TestPasswordless_RefusesInTheOrderOfTheAPI(t *testing.T) {
	for name, ask := range map[string]func(k *kit.Kit, in usecase.EmailSignInInput) error{
		"link": askByLink,
		"code": func(k *kit.Kit, in usecase.EmailSignInInput) error {
			return k.UseCases.SignInOTPEmail.Do(context.Background(), in)
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := usecase.EmailSignInInput{Email: "jane@blocked.example", Options: domain.SignUpOptions{RedirectTo: "https://evil.example", AllowedRoles: []domain.Role{"admin"}}}
			want := func(want domain.Code, changes ...func(*kit.Settings)) {
				t.Helper()
				k := kit.New(t, append(changes, func(s *kit.Settings) {
					s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
				})...)
				require.ErrorIs(t, ask(k, in), want)
				require.Empty(t, k.Mails())
			}
			want(domain.DisabledEndpoint, func(s *kit.Settings) { s.Passwordless, s.OTP = false, false })
			want(domain.InvalidEmailPassword)
			in.Email = "jane@example.com"
			want(domain.RedirectToNotAllowed)
			in.Options.RedirectTo = ""
			want(domain.RoleNotAllowed)
			in.Options.AllowedRoles = []domain.Role{"me"}
			want(domain.DefaultRoleMustBeInAllowedRoles)
			in.Options.AllowedRoles = nil
			want(domain.SignupDisabled, func(s *kit.Settings) { s.SignUp.Disabled = true })
			want(domain.DisabledUser, func(s *kit.Settings) { s.SignUp.NewUsersDisabled = true })
		})
	}
}

func TestPasswordless_ADisabledAccountIsToldSoAndMailedNothing(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	k.Exec("UPDATE auth.users SET disabled = true")
	require.ErrorIs(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com"}), domain.DisabledUser)
	require.ErrorIs(t, k.UseCases.SignUpPasswordlessEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}), domain.DisabledUser)
	require.ErrorIs(t, k.UseCases.SignUpOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}), domain.DisabledUser)
	require.Empty(t, k.Mails())
}

func TestAutoSignUpOff_SigningInCreatesNoAccountAndSigningUpDoes(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.AutoSignUpOff = true })
		link, code := usecase.EmailSignInInput{Email: "jane@example.com"}, usecase.EmailSignInInput{Email: "joe@example.com"}
		require.NoError(t, askByLink(k, link))
		require.NoError(t, k.UseCases.SignInOTPEmail.Do(t.Context(), code))
		require.Empty(t, k.Mails())
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users"))
		require.NoError(t, k.UseCases.SignUpPasswordlessEmail.Do(t.Context(), link))
		mustFollow(t, k, k.LastMail())
		require.NoError(t, k.UseCases.SignUpOTPEmail.Do(t.Context(), code))
		_, err := verifyCode(k, code.Email, k.LastMail())
		require.NoError(t, err)
		require.NoError(t, askByLink(k, link))
		require.Len(t, k.Mails(), 3)
		mustFollow(t, k, k.LastMail())
	})
}

func TestSignUpTwins_MailNothingToAnAddressThatSomebodyHas(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
		require.NoError(t, err)
		verification := k.LastMail()
		for _, ask := range []func(context.Context, usecase.EmailSignInInput) error{k.UseCases.SignUpPasswordlessEmail.Do, k.UseCases.SignUpOTPEmail.Do} {
			require.NoError(t, ask(t.Context(), usecase.EmailSignInInput{Email: "JANE@example.com"}))
		}
		require.Equal(t, []domain.Mail{verification}, k.Mails())
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users"))
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_outbox"), "what was queued for nobody is gone")
	})
}

func TestSignUpTwins_CanBeSwitchedOff(t *testing.T) {
	off := kit.New(t, func(s *kit.Settings) { s.Passwordless, s.OTP, s.SignUp.Disabled = false, false, true })
	closed := kit.New(t, func(s *kit.Settings) { s.SignUp.Disabled = true })
	in := usecase.EmailSignInInput{Email: "jane@example.com"}
	require.ErrorIs(t, off.UseCases.SignUpPasswordlessEmail.Do(t.Context(), in), domain.DisabledEndpoint)
	require.ErrorIs(t, off.UseCases.SignUpOTPEmail.Do(t.Context(), in), domain.DisabledEndpoint)
	require.ErrorIs(t, closed.UseCases.SignUpPasswordlessEmail.Do(t.Context(), in), domain.SignupDisabled)
	require.ErrorIs(t, closed.UseCases.SignUpOTPEmail.Do(t.Context(), in), domain.SignupDisabled)
}
