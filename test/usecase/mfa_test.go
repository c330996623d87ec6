package usecase_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// app is an authenticator app, written after RFC 6238 and nothing else.
type app struct {
	secret string
	clock  *kit.Clock
}

// at returns the code that is right offset steps from now.
func (a app) at(offset int64) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(a.secret)
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, a.clock.Now().Unix()/30+offset)
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[from:])&0x7fffffff)%1_000_000)
}

// code returns a code that was not used yet: time passes until the next one.
func (a app) code() string {
	a.clock.Advance(30 * time.Second)
	return a.at(0)
}

func (a app) wrong() string {
	for _, guess := range []string{"000000", "000001", "000002", "000003"} {
		if guess != a.at(-1) && guess != a.at(0) && guess != a.at(1) {
			return guess
		}
	}
	panic("there are only three right codes")
}

// enrol switches TOTP on for a user.
func enrol(t *testing.T, k *kit.Kit, user domain.UserID) app {
	t.Helper()
	secret, picture, err := k.ChangeUserMFA.Do(t.Context(), user)
	require.NoError(t, err)
	require.Equal(t, "\x89PNG", string(picture[:4]))
	a := app{secret, k.Clock}
	require.NoError(t, change(k, user, a.code(), true))
	return a
}

func change(k *kit.Kit, user domain.UserID, code string, active bool) error {
	return k.VerifyChangeUserMFA.Do(context.Background(), usecase.VerifyChangeUserMFAInput{Bearer: user, Code: code, Active: active})
}

// firstStep gives address and password, which must lead to a ticket.
func firstStep(t *testing.T, k *kit.Kit) domain.Ticket {
	t.Helper()
	signedIn, err := k.UseCases.SignInEmailPassword.Do(t.Context(), usecase.SignInEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
	require.NoError(t, err)
	require.Nil(t, signedIn.Session)
	require.True(t, signedIn.MFATicket.IsMFA())
	return signedIn.MFATicket
}

func secondStep(k *kit.Kit, ticket domain.Ticket, code string) (usecase.Session, error) {
	return k.VerifySignInMFATOTP.Do(context.Background(), usecase.VerifySignInMFATOTPInput{Ticket: ticket, Code: code})
}

func sessions(k *kit.Kit) int {
	return k.Count("SELECT count(*) FROM auth.refresh_tokens")
}

func TestTOTP_IsAskedForFromWhenItIsConfirmedUntilItIsSwitchedOff(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		user := k.SignUp("jane@example.com").User
		_, _, err := k.ChangeUserMFA.Do(t.Context(), user.ID)
		require.NoError(t, err)
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err, "not before it is confirmed")
		a := enrol(t, k, user.ID)
		before := sessions(k)
		ticket := firstStep(t, k)
		require.Equal(t, before, sessions(k), "no session before the code")
		session, err := secondStep(k, ticket, a.code())
		require.NoError(t, err)
		user.ActiveMFA = domain.TOTPMFA
		require.Equal(t, user, session.User)
		k.MustRefresh(session.RefreshToken)
		_, err = secondStep(k, ticket, a.code())
		require.Equal(t, error(domain.InvalidTicket), err, "a ticket is good once")
		require.NoError(t, change(k, user.ID, a.code(), false))
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		require.Equal(t, error(domain.DisabledMFATOTP), change(k, user.ID, a.code(), false))
		require.Equal(t, error(domain.NoTOTPSecret), change(k, user.ID, a.code(), true), "the secret is forgotten")
		enrol(t, k, user.ID)
	})
}

func TestTOTP_TheActiveSecretCannotBeReplaced(t *testing.T) {
	k := kit.New(t)
	user := k.SignUp("jane@example.com").User
	a := enrol(t, k, user.ID)
	_, _, err := k.ChangeUserMFA.Do(t.Context(), user.ID)
	require.Equal(t, error(domain.TOTPAlreadyActive), err)
	require.Equal(t, error(domain.TOTPAlreadyActive), change(k, user.ID, a.code(), true))
	_, err = secondStep(k, firstStep(t, k), a.code())
	require.NoError(t, err)
}

func TestTOTP_ACodeIsGoodOnceWhereverItIsUsed(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		user := k.SignUp("jane@example.com").User
		a := enrol(t, k, user.ID)
		used := a.code()
		_, err := secondStep(k, firstStep(t, k), used)
		require.NoError(t, err)
		ticket := firstStep(t, k)
		_, err = secondStep(k, ticket, used)
		require.Equal(t, error(domain.InvalidTOTP), err)
		_, err = k.ElevateTOTP.Do(t.Context(), user.ID, used)
		require.Equal(t, error(domain.InvalidTOTP), err)
		require.Equal(t, error(domain.InvalidTOTP), change(k, user.ID, used, false))
		_, err = secondStep(k, ticket, a.at(-1))
		require.Equal(t, error(domain.InvalidTOTP), err, "nor is one of an earlier step")
		_, err = secondStep(k, ticket, a.at(1))
		require.NoError(t, err, "a clock may be half a minute fast")
	})
}

func TestTOTP_OfFiftyUsesOfOneCodeOneOpensASession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		a := enrol(t, k, k.SignUp("jane@example.com").User.ID)
		tickets := make([]domain.Ticket, 50)
		for i := range tickets {
			tickets[i] = firstStep(t, k)
		}
		before, code := sessions(k), a.code()
		errs := make([]error, len(tickets))
		var all sync.WaitGroup
		for i, ticket := range tickets {
			all.Go(func() { _, errs[i] = secondStep(k, ticket, code) })
		}
		all.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else if !errors.Is(err, domain.InvalidTOTP) && !errors.Is(err, domain.TooManyRequests) {
				t.Errorf("unexpected: %v", err)
			}
		}
		require.Equal(t, 1, good)
		require.Equal(t, before+1, sessions(k))
	})
}

func TestTOTP_FiveGuessesAreAllThereIsHoweverManyTicketsAndPlaces(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		user := k.SignUp("jane@example.com").User
		a := enrol(t, k, user.ID)
		var all sync.WaitGroup
		results := make(chan error, 50)
		for range 50 {
			ticket := firstStep(t, k)
			all.Go(func() {
				_, err := secondStep(k, ticket, a.wrong())
				results <- err
			})
		}
		all.Wait()
		close(results)
		wrong, refused := 0, 0
		for err := range results {
			switch {
			case errors.Is(err, domain.InvalidTOTP):
				wrong++
			case errors.Is(err, domain.TooManyRequests):
				refused++
			}
		}
		require.Equal(t, []int{5, 45}, []int{wrong, refused})
		_, err := secondStep(k, firstStep(t, k), a.code())
		require.Equal(t, error(domain.TooManyRequests), err, "a new password check gives no new guesses, and the right code does not help")
		_, err = k.ElevateTOTP.Do(t.Context(), user.ID, a.code())
		require.Equal(t, error(domain.TooManyRequests), err)
		require.Equal(t, error(domain.TooManyRequests), change(k, user.ID, a.code(), false))
		_, err = k.CreateRecoveryCodes.Do(t.Context(), usecase.CreateRecoveryCodesInput{Bearer: domain.Claims{Subject: user.ID}, Code: a.code()})
		require.Equal(t, error(domain.TooManyRequests), err)
		k.Clock.Advance(domain.MFAWindow)
		_, err = secondStep(k, firstStep(t, k), a.code())
		require.NoError(t, err)
	})
}

func TestTOTP_ATicketIsGoodForFiveMinutesAndHereOnly(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		a := enrol(t, k, k.SignUp("jane@example.com").User.ID)
		ticket := firstStep(t, k)
		k.Clock.Advance(domain.MFATicketLifetime)
		_, err := secondStep(k, ticket, a.code())
		require.Equal(t, error(domain.InvalidTicket), err)
		ticket = firstStep(t, k)
		_, err = k.UseCases.VerifySignInOTPEmail.Do(t.Context(), usecase.VerifySignInOTPEmailInput{Email: "jane@example.com", OTP: domain.OTP(ticket)})
		require.Equal(t, error(domain.InvalidTicket), err)
		require.Equal(t, error(domain.InvalidTicket), k.ChangeUserPassword.Do(t.Context(), usecase.ChangeUserPasswordInput{Ticket: ticket, NewPassword: "another horse"}))
		_, err = k.UseCases.VerifyTicket.Do(t.Context(), usecase.VerifyTicketInput{Ticket: ticket, RedirectTo: "https://app.example.com"})
		require.ErrorIs(t, err, domain.InvalidTicket)
		for _, other := range []domain.Ticket{"mfaTotp:", "mfaTotp:123456", "verifyEmail:" + ticket[len("mfaTotp:"):]} {
			_, err = secondStep(k, other, a.code())
			require.Equal(t, error(domain.InvalidTicket), err)
		}
		_, err = secondStep(k, ticket, a.code())
		require.NoError(t, err)
	})
}

func TestTOTP_WhatHappensToTheAccountBetweenTheStepsCounts(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		user := k.SignUp("jane@example.com").User
		a := enrol(t, k, user.ID)
		ticket := firstStep(t, k)
		k.Exec("UPDATE auth.users SET disabled = true")
		_, err := secondStep(k, ticket, a.code())
		require.Equal(t, error(domain.DisabledUser), err)
		k.Exec("UPDATE auth.users SET disabled = false")
		require.NoError(t, k.ChangeUserPassword.Do(t.Context(), usecase.ChangeUserPasswordInput{Bearer: user.ID, NewPassword: "another horse"}))
		_, err = secondStep(k, ticket, a.code())
		require.Equal(t, error(domain.InvalidTicket), err, "it was for the old password")
		require.NoError(t, change(k, user.ID, a.code(), false))
	})
}

func TestTOTP_SwitchedOffForNewUsersLocksNobodyOutAndLetsNobodyIn(t *testing.T) {
	k := kit.New(t)
	user := k.SignUp("jane@example.com").User
	a := enrol(t, k, user.ID)
	k.ChangeUserMFA.Enabled, k.VerifyChangeUserMFA.Enabled = false, false
	_, err := secondStep(k, firstStep(t, k), a.code())
	require.NoError(t, err)
	require.NoError(t, change(k, user.ID, a.code(), false))
	_, _, err = k.ChangeUserMFA.Do(t.Context(), user.ID)
	require.Equal(t, error(domain.DisabledEndpoint), err)
	require.Equal(t, error(domain.DisabledEndpoint), change(k, user.ID, a.code(), true))
}

func TestTOTP_IsNotForAnonymousUsers(t *testing.T) {
	k := kit.New(t)
	session, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	_, _, err = k.ChangeUserMFA.Do(t.Context(), session.User.ID)
	require.Equal(t, error(domain.ForbiddenAnonymous), err)
	require.Equal(t, error(domain.ForbiddenAnonymous), change(k, session.User.ID, "123456", true))
}

func TestTOTP_ASecretThatAnOldServerLeftInClearWorksBeforeAndAfterItIsEncrypted(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		a := app{"JBSWY3DPEHPK3PXP", k.Clock}
		k.Exec("UPDATE auth.users SET active_mfa_type = 'totp', totp_secret = '" + a.secret + "'")
		_, err := secondStep(k, firstStep(t, k), a.code())
		require.NoError(t, err)
		found, err := (&usecase.EncryptTOTPSecrets{Store: k.Store, Batch: 1}).Do(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, found)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE totp_secret LIKE '%"+a.secret+"%'"))
		_, err = secondStep(k, firstStep(t, k), a.code())
		require.NoError(t, err)
	})
}

func TestElevation_ByACodeLastsAsLongAsOneAccessToken(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		first := k.SignUp("jane@example.com")
		_, err := k.ElevateTOTP.Do(t.Context(), first.User.ID, "123456")
		require.Equal(t, error(domain.DisabledMFATOTP), err)
		a := enrol(t, k, first.User.ID)
		_, err = k.ElevateTOTP.Do(t.Context(), first.User.ID, a.wrong())
		require.Equal(t, error(domain.InvalidTOTP), err)
		elevated, err := k.ElevateTOTP.Do(t.Context(), first.User.ID, a.code())
		require.NoError(t, err)
		claims, err := k.Tokens.Verify(t.Context(), elevated.AccessToken)
		require.NoError(t, err)
		require.True(t, claims.Elevated)
		require.Equal(t, elevated.ID, claims.SessionID)
		claims, err = k.Tokens.Verify(t.Context(), k.MustRefresh(elevated.RefreshToken).AccessToken)
		require.NoError(t, err)
		require.False(t, claims.Elevated)
		k.MustRefresh(first.RefreshToken) // which goes on beside it
	})
}

func recoveryCodes(t *testing.T, k *kit.Kit, user domain.UserID, code string) []domain.RecoveryCode {
	t.Helper()
	codes, err := k.CreateRecoveryCodes.Do(t.Context(), usecase.CreateRecoveryCodesInput{Bearer: domain.Claims{Subject: user}, Code: code})
	require.NoError(t, err)
	require.Len(t, codes, 10)
	return codes
}

func TestRecoveryCodes_StandInForTheAppOnceEach(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		user := k.SignUp("jane@example.com").User
		a := enrol(t, k, user.ID)
		old := recoveryCodes(t, k, user.ID, a.code())
		codes := recoveryCodes(t, k, user.ID, a.code())
		ticket := firstStep(t, k)
		_, err := secondStep(k, ticket, string(old[0]))
		require.Equal(t, error(domain.InvalidTOTP), err, "new codes replace old ones")
		_, err = secondStep(k, ticket, string(codes[0]))
		require.NoError(t, err)
		_, err = secondStep(k, firstStep(t, k), string(codes[0]))
		require.Equal(t, error(domain.InvalidTOTP), err)
		_, err = k.ElevateTOTP.Do(t.Context(), user.ID, string(codes[1]))
		require.NoError(t, err)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_recovery_codes WHERE code_hash LIKE '%"+string(codes[2])+"%'"))
		require.NoError(t, change(k, user.ID, string(codes[2]), false))
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_recovery_codes"))
	})
}

func TestRecoveryCodes_AreGivenForAProofOnly(t *testing.T) {
	k := kit.New(t)
	user := k.SignUp("jane@example.com").User
	ask := func(claims domain.Claims, code string) error {
		_, err := k.CreateRecoveryCodes.Do(t.Context(), usecase.CreateRecoveryCodesInput{Bearer: claims, Code: code})
		return err
	}
	claims := domain.Claims{Subject: user.ID}
	require.Equal(t, error(domain.DisabledMFATOTP), ask(claims, "123456"))
	a := enrol(t, k, user.ID)
	require.Equal(t, error(domain.ElevatedClaimRequired), ask(claims, ""))
	require.Equal(t, error(domain.InvalidTOTP), ask(claims, a.wrong()))
	claims.Elevated = true
	require.NoError(t, ask(claims, ""))
	require.Equal(t, error(domain.InvalidTOTP), ask(claims, a.wrong()), "a wrong proof is not made up for")
}

func TestRecoveryCodes_SpendTheSameGuesses(t *testing.T) {
	k := kit.New(t)
	user := k.SignUp("jane@example.com").User
	a := enrol(t, k, user.ID)
	codes := recoveryCodes(t, k, user.ID, a.code())
	for range domain.MFAAttempts {
		_, err := k.ElevateTOTP.Do(t.Context(), user.ID, "AAAAA-AAAAA")
		require.Equal(t, error(domain.InvalidTOTP), err)
	}
	_, err := k.ElevateTOTP.Do(t.Context(), user.ID, string(codes[0]))
	require.Equal(t, error(domain.TooManyRequests), err)
}

// ticketOf opens a link, which must lead to a ticket and to nothing else.
func ticketOf(t *testing.T, k *kit.Kit, mail domain.Mail) domain.Ticket {
	t.Helper()
	query, err := follow(k, mail)
	require.NoError(t, err)
	require.Equal(t, []string{"mfaTicket", "type"}, slices.Sorted(maps.Keys(query)))
	return domain.Ticket(query.Get("mfaTicket"))
}

func TestAllMethods_NoWayInGivesASessionBeforeTheCode(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.MFA.AllMethods = true })
		user := k.SignUp("jane@example.com").User
		_, pat := createPAT(t, k, user.ID, time.Hour)
		a := enrol(t, k, user.ID)
		before := sessions(k)
		tickets := map[string]domain.Ticket{"password": firstStep(t, k)}

		require.NoError(t, k.UseCases.SignInOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}))
		byCode, err := k.UseCases.VerifySignInOTPEmail.Do(t.Context(), usecase.VerifySignInOTPEmailInput{Email: "jane@example.com", OTP: domain.OTP(k.LastMail().Ticket)})
		require.NoError(t, err)
		require.Nil(t, byCode.Session)
		tickets["code"] = byCode.MFATicket

		require.NoError(t, k.UseCases.SignInPasswordlessEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}))
		tickets["link"] = ticketOf(t, k, k.LastMail())

		require.NoError(t, k.SendPasswordResetEmail.Do(t.Context(), usecase.MailInput{Email: "jane@example.com"}))
		tickets["reset"] = ticketOf(t, k, k.LastMail())

		k.Exec("UPDATE auth.users SET phone_number = '" + janesNumber + "' WHERE id = '" + string(user.ID) + "'")
		sms := codeFor(t, k, janesNumber)
		bySMS, err := k.UseCases.VerifySignInPasswordlessSMS.Do(t.Context(), usecase.VerifySignInPasswordlessSMSInput{PhoneNumber: janesNumber, OTP: domain.OTP(sms.Ticket)})
		require.NoError(t, err)
		require.Nil(t, bySMS.Session)
		tickets["SMS"] = bySMS.MFATicket

		require.Equal(t, before, sessions(k), "no token of any kind before the code")
		for way, ticket := range tickets {
			session, err := secondStep(k, ticket, a.code())
			require.NoError(t, err, way)
			k.MustRefresh(session.RefreshToken)
		}
		_, err = k.SignInPAT.Do(t.Context(), pat)
		require.NoError(t, err, "made by a user who was signed in, for a program that has no second factor")
	})
}

func TestAllMethods_ALinkThatIsOpenedAgainEndsTheSessionOfTheFirstTime(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.MFA.AllMethods = true })
		a := enrol(t, k, k.SignUp("jane@example.com").User.ID)
		require.NoError(t, k.UseCases.SignInPasswordlessEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}))
		mail := k.LastMail()
		var tickets []domain.Ticket
		for range 3 {
			tickets = append(tickets, ticketOf(t, k, mail))
			if len(tickets) == 1 {
				continue
			}
			_, err := secondStep(k, tickets[len(tickets)-2], a.code())
			require.Equal(t, error(domain.InvalidTicket), err, "a ticket of an earlier use")
		}
		session, err := secondStep(k, tickets[2], a.code())
		require.NoError(t, err)
		ticketOf(t, k, mail)
		_, err = k.Refresh(session.RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
	})
}

func TestAllMethods_AnAppWithAChallengeIsAskedAtTheExchange(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.MFA.AllMethods = true })
		a := enrol(t, k, k.SignUp("jane@example.com").User.ID)
		query := mustCode(t, k, pkceMail(t, k, "jane@example.com"))
		require.False(t, query.Has("mfaTicket"), "an app that takes a code takes the ticket for it")
		signedIn, err := k.UseCases.TokenExchange.Do(t.Context(), usecase.TokenExchangeInput{Code: domain.PKCECode(query.Get("code")), Verifier: verifier})
		require.NoError(t, err)
		require.Nil(t, signedIn.Session)
		session, err := secondStep(k, signedIn.MFATicket, a.code())
		require.NoError(t, err)
		k.MustRefresh(session.RefreshToken)
	})
}

func TestAllMethods_WhoComesThroughAProviderIsAskedToo(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v, who := newVisitor(t, on, func(s *kit.Settings) { s.MFA.AllMethods = true }), jane()
		a := enrol(t, v.Kit, v.arrives(who).User.ID)
		before := sessions(v.Kit)
		query, err := v.through(visit{}, who)
		require.NoError(t, err)
		require.Equal(t, []string{"mfaTicket"}, slices.Sorted(maps.Keys(query)))
		require.Equal(t, before, sessions(v.Kit))
		session, err := secondStep(v.Kit, domain.Ticket(query.Get("mfaTicket")), a.code())
		require.NoError(t, err)
		v.MustRefresh(session.RefreshToken)
	})
}

func TestOtherMethods_AskNobodyUnlessConfigured(t *testing.T) {
	k := kit.New(t)
	enrol(t, k, k.SignUp("jane@example.com").User.ID)
	require.NoError(t, k.UseCases.SignInOTPEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "jane@example.com"}))
	_, err := k.Only(k.UseCases.VerifySignInOTPEmail.Do(t.Context(), usecase.VerifySignInOTPEmailInput{Email: "jane@example.com", OTP: domain.OTP(k.LastMail().Ticket)}))
	require.NoError(t, err)
}
