package usecase_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

const (
	janesNumber = "+12025550123"
	joesNumber  = "+4915123456789"
)

func askSMS(k *kit.Kit, number string) error {
	return k.UseCases.SignInPasswordlessSMS.Do(context.Background(), usecase.SMSSignInInput{PhoneNumber: number})
}

func signUpSMS(k *kit.Kit, number string) error {
	return k.UseCases.SignUpPasswordlessSMS.Do(context.Background(), usecase.SMSSignInInput{PhoneNumber: number})
}

func guessSMS(k *kit.Kit, number, code string) (usecase.Session, error) {
	signedIn, err := k.UseCases.VerifySignInPasswordlessSMS.Do(context.Background(), usecase.VerifySignInPasswordlessSMSInput{PhoneNumber: number, OTP: domain.OTP(code)})
	if err != nil {
		return usecase.Session{}, err
	}
	return *signedIn.Session, nil
}

// codeFor asks for a code and returns the newest message.
func codeFor(t *testing.T, k *kit.Kit, number string) domain.Mail {
	t.Helper()
	require.NoError(t, askSMS(k, number))
	return lastSMS(t, k)
}

func lastSMS(t *testing.T, k *kit.Kit) domain.Mail {
	t.Helper()
	k.Mails() // delivers what is queued
	received := k.Phones.Received()
	require.NotEmpty(t, received)
	return received[len(received)-1]
}

func wantWrongCode(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, domain.InvalidRequest)
}

func phoneNumbers(k *kit.Kit) int {
	return k.Count("SELECT count(*) FROM auth.users WHERE phone_number IS NOT NULL")
}

func TestSMS_SignsUpAndInOnceAndProvesTheNumber(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		in := usecase.SMSSignInInput{PhoneNumber: "001 (202) 555-0123", Options: domain.SignUpOptions{Locale: "de"}}
		require.NoError(t, k.UseCases.SignInPasswordlessSMS.Do(t.Context(), in))
		sms := lastSMS(t, k)
		require.Equal(t, domain.Message{ID: sms.ID, Template: domain.TemplateSignInSMS, Locale: "de", To: janesNumber, DisplayName: janesNumber, Ticket: sms.Ticket}, sms.Message)
		require.Regexp(t, `^[0-9]{6}$`, sms.Ticket)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE phone_number_verified"))
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_codes WHERE code_hash LIKE '%"+sms.Ticket+"%'"))

		session, err := guessSMS(k, "+1.202.555.0123", sms.Ticket)
		require.NoError(t, err)
		require.Equal(t, janesNumber, session.User.PhoneNumber)
		require.True(t, session.User.PhoneNumberVerified)
		require.Empty(t, session.User.AvatarURL)
		k.MustRefresh(session.RefreshToken)
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE phone_number_verified"))
		_, err = guessSMS(k, janesNumber, sms.Ticket)
		wantWrongCode(t, err)

		again := codeFor(t, k, janesNumber)
		second, err := guessSMS(k, janesNumber, again.Ticket)
		require.NoError(t, err)
		require.Equal(t, session.User.ID, second.User.ID)
		require.Equal(t, 1, phoneNumbers(k))
	})
}

func TestSMS_ATakenOverNumberMatchesHoweverItIsWritten(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.AutoSignUpOff = true })
		require.NoError(t, signUpSMS(k, joesNumber))
		k.Mails()
		for _, writing := range []string{"+49 151 23456789", "0049-151-23456789", "+49 (0)151 / 2345.6789", "+49 0151 23456789", joesNumber} {
			k.Exec("UPDATE auth.users SET phone_number = '" + writing + "', phone_number_verified = false")
			for _, typed := range []string{joesNumber, "+49 151 234 567 89"} {
				before := len(k.Phones.Received())
				sms := codeFor(t, k, typed)
				require.Len(t, k.Phones.Received(), before+1, "%s as %s", writing, typed)
				require.Equal(t, joesNumber, sms.To)
				session, err := guessSMS(k, typed, sms.Ticket)
				require.NoError(t, err, "%s as %s", writing, typed)
				require.Equal(t, writing, session.User.PhoneNumber)
				require.True(t, session.User.PhoneNumberVerified)
			}
		}
		k.Exec("UPDATE auth.users SET phone_number = '15123456789'") // without a country it is anybody's
		before := len(k.Phones.Received())
		require.NoError(t, askSMS(k, joesNumber))
		k.Mails()
		require.Len(t, k.Phones.Received(), before)
		require.Equal(t, 1, phoneNumbers(k))
	})
}

func TestSMS_AccountsThatShareANumberAreNotMixedUp(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		for i, other := range []string{janesNumber, joesNumber, "+442079460018"} {
			require.NoError(t, askSMS(k, other))
			k.Exec(fmt.Sprintf("UPDATE auth.users SET phone_number = '%s', display_name = '%d' WHERE phone_number = '%s'",
				[]string{"+1 202 555 0123", "+1-202-555-0123", janesNumber}[i], i, other))
		}
		for typed, want := range map[string]string{"+1 202 555 0123": "0", "+1-202-555-0123": "1", janesNumber: "2", "001 202 5550123": "2"} {
			session, err := guessSMS(k, "+1 (202) 5550123", codeFor(t, k, typed).Ticket)
			require.NoError(t, err, typed)
			require.Equal(t, want, session.User.DisplayName, typed)
		}
		k.Exec("DELETE FROM auth.users WHERE display_name = '2'")
		before := len(k.Phones.Received())
		require.ErrorIs(t, askSMS(k, janesNumber), domain.CannotSendSMS)
		require.Len(t, k.Phones.Received(), before)
		require.Equal(t, 2, phoneNumbers(k))
		require.Contains(t, k.Journal.Entries()[0], "SMS ambiguous: ")
		session, err := guessSMS(k, janesNumber, codeFor(t, k, "+1-202-555-0123").Ticket)
		require.NoError(t, err)
		require.Equal(t, "1", session.User.DisplayName)
	})
}

func TestSMS_ARefusalOfTheGatewayChangesNothing(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.Phones.Fail = fmt.Errorf("%w: status 400: landline", domain.CannotSendSMS)
		require.ErrorIs(t, askSMS(k, janesNumber), domain.CannotSendSMS)
		require.Zero(t, phoneNumbers(k))
		require.Equal(t, []string{"SMS refused: cannot-send-sms: status 400: landline"}, k.Journal.Entries())
		k.Phones.Fail = nil
		sms := codeFor(t, k, janesNumber)
		k.Phones.Fail = domain.CannotSendSMS
		require.ErrorIs(t, askSMS(k, janesNumber), domain.CannotSendSMS)
		k.Phones.Fail = nil
		_, err := guessSMS(k, janesNumber, sms.Ticket)
		require.NoError(t, err, "the earlier code is as good as before")
	})
}

func TestSMS_AClientThatHangsUpLosesNoCode(t *testing.T) {
	k := kit.New(t)
	require.NoError(t, askSMS(k, janesNumber))
	ctx, hangUp := context.WithCancel(t.Context())
	k.UseCases.SignInPasswordlessSMS.Dispatch.SMS = hangingUp{k.Phones, hangUp}
	require.NoError(t, k.UseCases.SignInPasswordlessSMS.Do(ctx, usecase.SMSSignInInput{PhoneNumber: janesNumber}))
	require.Error(t, ctx.Err())
	_, err := guessSMS(k, janesNumber, lastSMS(t, k).Ticket)
	require.NoError(t, err)
}

// hangingUp ends the request while its message is on the way.
type hangingUp struct {
	*kit.Phones
	hangUp func()
}

func (h hangingUp) SendSMS(ctx context.Context, sms domain.Mail) error {
	h.hangUp()
	return errors.Join(ctx.Err(), h.Phones.SendSMS(ctx, sms))
}

func TestSMS_ChecksComeBeforeTheMessage(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying, func(s *kit.Settings) {
			s.SMSPolicy = domain.SMSPolicy{Countries: []string{"US"}, PerNumber: 1, Window: time.Hour}
		})
		ask := k.UseCases.SignInPasswordlessSMS
		refused := func(want error, number string, o domain.SignUpOptions) {
			t.Helper()
			for range 3 { // which count against no cap
				require.ErrorIs(t, ask.Do(t.Context(), usecase.SMSSignInInput{PhoneNumber: number, Options: o}), want)
			}
			require.Empty(t, k.Phones.Received())
		}
		refused(domain.SchemaValidation, "202 555 0123", domain.SignUpOptions{})
		refused(domain.CannotSendSMS, joesNumber, domain.SignUpOptions{})
		refused(domain.CannotSendSMS, "+15551234567", domain.SignUpOptions{}) // of no country
		refused(domain.RoleNotAllowed, janesNumber, domain.SignUpOptions{AllowedRoles: []domain.Role{"admin"}})
		refused(domain.RedirectToNotAllowed, janesNumber, domain.SignUpOptions{RedirectTo: "https://evil.example"})
		ask.SignUp.Disabled = true
		refused(domain.SignupDisabled, janesNumber, domain.SignUpOptions{})
		ask.SignUp.Disabled = false
		k.SignUpWithoutSession("jane@example.com")
		k.Exec("UPDATE auth.users SET phone_number = '" + janesNumber + "'")
		refused(domain.UnverifiedUser, janesNumber, domain.SignUpOptions{})
		k.Exec("UPDATE auth.users SET email_verified = true, disabled = true")
		refused(domain.DisabledUser, janesNumber, domain.SignUpOptions{})
		require.ErrorIs(t, signUpSMS(k, janesNumber), domain.DisabledUser)
		k.Exec("UPDATE auth.users SET disabled = false, is_anonymous = true")
		refused(domain.ForbiddenAnonymous, janesNumber, domain.SignUpOptions{})
		k.Exec("UPDATE auth.users SET is_anonymous = false")
		require.NoError(t, askSMS(k, janesNumber))
		require.ErrorIs(t, askSMS(k, janesNumber), domain.TooManyRequests)
		require.Len(t, k.Phones.Received(), 1)
		ask.Enabled = false
		require.ErrorIs(t, askSMS(k, "x"), domain.DisabledEndpoint)
	})
}

func TestSMS_WhereNewUsersAreDisabledNothingIsSent(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.SignUp.NewUsersDisabled = true })
	require.ErrorIs(t, askSMS(k, janesNumber), domain.DisabledUser)
	require.ErrorIs(t, askSMS(k, janesNumber), domain.DisabledUser)
	require.ErrorIs(t, signUpSMS(k, joesNumber), domain.DisabledUser)
	require.Equal(t, 2, k.Count("SELECT count(*) FROM auth.users WHERE disabled"))
	k.Mails()
	require.Empty(t, k.Phones.Received())
}

func TestSMS_SignUpSendsNothingToWhoHasAnAccountAndSaysNothing(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		require.NoError(t, signUpSMS(k, janesNumber))
		first := lastSMS(t, k)
		require.NoError(t, signUpSMS(k, "+1 202 555 0123"))
		k.Mails()
		require.Len(t, k.Phones.Received(), 1)
		_, err := guessSMS(k, janesNumber, first.Ticket)
		require.NoError(t, err, "nobody takes a code from its owner")
		k.Phones.Fail = domain.CannotSendSMS
		require.NoError(t, signUpSMS(k, janesNumber))
		require.NoError(t, signUpSMS(k, joesNumber), "a refusal would tell that the number is new")
	})
}

func TestSMS_WhereSignInCreatesNobodyAStrangerIsAnsweredTheSame(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.AutoSignUpOff = true })
		require.NoError(t, signUpSMS(k, janesNumber))
		require.Equal(t, janesNumber, lastSMS(t, k).To)
		k.Phones.Fail = domain.CannotSendSMS // which would tell the one from the other
		require.NoError(t, askSMS(k, janesNumber))
		require.NoError(t, askSMS(k, joesNumber))
		k.Phones.Fail = nil
		sms := lastSMS(t, k)
		require.Equal(t, janesNumber, sms.To)
		require.Len(t, k.Phones.Received(), 2)
		require.Equal(t, 1, phoneNumbers(k))
		_, err := guessSMS(k, joesNumber, sms.Ticket)
		wantWrongCode(t, err)
		_, err = guessSMS(k, janesNumber, sms.Ticket)
		require.NoError(t, err)
	})
}

func TestSMS_AQueuedMessageIsTriedThriceAndNeverAfterItsCodeExpired(t *testing.T) {
	for name, pause := range map[string]time.Duration{"attempts": 45 * time.Second, "expiry": 3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			k := kit.New(t)
			k.Phones.Fail = fmt.Errorf("%w: busy", domain.CannotSendSMS)
			require.NoError(t, signUpSMS(k, janesNumber))
			for range 6 {
				k.Mails()
				k.Clock.Advance(pause)
			}
			k.Phones.Fail = nil
			k.Mails()
			require.Empty(t, k.Phones.Received())
			require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_outbox"))
			entries := k.Journal.Entries()
			require.Len(t, entries, map[string]int{"attempts": 4, "expiry": 3}[name], entries)
			require.Equal(t, "SMS refused: no gateway took the message while its code was good", entries[len(entries)-1])
		})
	}
}

func TestSMS_FiveGuessesAreAllAndAskingAgainBringsNoMore(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		sms := codeFor(t, k, janesNumber)
		require.Equal(t, map[error]int{domain.InvalidRequest: 50}, parallel(func(int) error {
			_, err := guessSMS(k, janesNumber, string(wrong(sms)))
			return err
		}))
		_, err := guessSMS(k, janesNumber, sms.Ticket)
		wantWrongCode(t, err)
		_, err = guessSMS(k, "+1 202 5550123", codeFor(t, k, janesNumber).Ticket)
		wantWrongCode(t, err)
		require.Zero(t, k.Count(liveSessions))
		k.Clock.Advance(15 * time.Minute)
		_, err = guessSMS(k, janesNumber, codeFor(t, k, janesNumber).Ticket)
		require.NoError(t, err)
	})
}

func TestSMS_ACodeTypedByFiftyAtOnceGivesOneSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		sms := codeFor(t, k, janesNumber)
		require.Equal(t, map[error]int{nil: 1, domain.InvalidRequest: 49}, parallel(func(int) error {
			_, err := guessSMS(k, janesNumber, sms.Ticket)
			return err
		}))
		require.Equal(t, 1, k.Count(liveSessions))
	})
}

func TestSMS_CodesExpireBelongToTheirNumberAndCostNoAttemptWhenTheyAreNone(t *testing.T) {
	k := kit.New(t)
	sms := codeFor(t, k, janesNumber)
	codeFor(t, k, joesNumber)
	for _, text := range []string{"", "12345", "1234567", "12345x"} {
		_, err := guessSMS(k, janesNumber, text)
		wantWrongCode(t, err)
	}
	require.Zero(t, k.Count("SELECT max(attempts) FROM auth.hexauth_codes"))
	_, err := guessSMS(k, joesNumber, sms.Ticket)
	wantWrongCode(t, err)
	_, err = guessSMS(k, "+442079460018", sms.Ticket)
	wantWrongCode(t, err)
	_, err = guessSMS(k, "nonsense", sms.Ticket)
	require.ErrorIs(t, err, domain.SchemaValidation)
	k.Clock.Advance(domain.SMSOTPLifetime)
	_, err = guessSMS(k, janesNumber, sms.Ticket)
	wantWrongCode(t, err)
	fresh := codeFor(t, k, janesNumber)
	k.Exec("UPDATE auth.users SET phone_number = '+442079460018' WHERE phone_number = '" + janesNumber + "'")
	_, err = guessSMS(k, janesNumber, fresh.Ticket)
	wantWrongCode(t, err)
}

func TestSMS_AnAccountThatMayNotSignInKeepsItsCode(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		sms := codeFor(t, k, janesNumber)
		k.Exec("UPDATE auth.users SET disabled = true")
		_, err := guessSMS(k, janesNumber, sms.Ticket)
		require.ErrorIs(t, err, domain.DisabledUser)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE phone_number_verified"))
		k.Exec("UPDATE auth.users SET disabled = false")
		_, err = guessSMS(k, janesNumber, sms.Ticket)
		require.NoError(t, err)
	})
}

func TestSMS_SigningOutEverywhereVoidsCodes(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session, err := guessSMS(k, janesNumber, codeFor(t, k, janesNumber).Ticket)
		require.NoError(t, err)
		sms := codeFor(t, k, janesNumber)
		legacySMS(t, k, "111111")
		require.NoError(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{Bearer: session.User.ID, All: true}))
		for _, code := range []string{sms.Ticket, "111111"} {
			_, err = guessSMS(k, janesNumber, code)
			wantWrongCode(t, err)
		}
	})
}

func TestSMS_OfFiftyWhoAskAtOnceTheCapsLetAsManyThroughAsTheySay(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for name, c := range map[string]struct {
			policy domain.SMSPolicy
			number func(i int) string
		}{
			"number":  {domain.SMSPolicy{PerNumber: 3}, func(i int) string { return []string{janesNumber, "+1 202 555 0123", "001-202-5550123"}[i%3] }},
			"country": {domain.SMSPolicy{PerNumber: 9, PerCountry: 3}, func(i int) string { return fmt.Sprintf("+120255501%02d", i) }},
			"total":   {domain.SMSPolicy{PerNumber: 9, PerCountry: 9, Total: 3}, func(i int) string { return fmt.Sprintf("%s%03d", []string{"+12025550", "+4915123450"}[i%2], 100+i) }},
		} {
			c.policy.Window = time.Hour
			k := kit.New(t, on, func(s *kit.Settings) { s.SMSPolicy = c.policy })
			k.Exec("DELETE FROM auth.users")
			k.Exec("DELETE FROM auth.hexauth_sms_counts")
			got := parallel(func(i int) error { return askSMS(k, c.number(i)) })
			require.Equal(t, map[error]int{nil: 3, domain.TooManyRequests: 47}, got, name)
			require.Len(t, k.Phones.Received(), 3, name)
			k.Clock.Advance(time.Hour)
			require.NoError(t, askSMS(k, c.number(0)), name)
		}
	})
}

func TestSMS_ARequestAboutNobodyCountsAsOthersDo(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) {
		s.AutoSignUpOff, s.SMSPolicy = true, domain.SMSPolicy{PerNumber: 2, Window: time.Hour}
	})
	for range 2 {
		require.NoError(t, askSMS(k, janesNumber))
	}
	require.ErrorIs(t, askSMS(k, janesNumber), domain.TooManyRequests)
	require.ErrorIs(t, signUpSMS(k, janesNumber), domain.TooManyRequests)
	require.Zero(t, phoneNumbers(k))
}

func TestSMS_NumbersForTestsAreSentNothing(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for _, byGateway := range []bool{false, true} {
			k := kit.New(t, on, func(s *kit.Settings) {
				s.GatewayCodes, s.SMSPolicy = byGateway, domain.SMSPolicy{TestNumbers: []string{janesNumber}, Countries: []string{"DE"}, Total: 1, Window: time.Hour}
			})
			for i := range 3 {
				require.NoError(t, askSMS(k, "+1 202 555 0123"))
				k.Mails()
				require.Empty(t, k.Phones.Received())
				require.Len(t, k.Journal.Entries(), i+1)
				var code string
				_, err := fmt.Sscanf(k.Journal.Entries()[i], "SMS of test: "+janesNumber+" %s", &code)
				require.NoError(t, err)
				_, err = guessSMS(k, janesNumber, code)
				require.NoError(t, err)
			}
			require.NoError(t, signUpSMS(k, janesNumber))
			k.Mails()
			require.Empty(t, k.Phones.Received())
		}
	})
}
