package usecase_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func exchange(k *kit.Kit, query url.Values, verifier string) (usecase.Session, error) {
	return k.Only(k.UseCases.TokenExchange.Do(context.Background(), usecase.TokenExchangeInput{Code: domain.PKCECode(query.Get("code")), Verifier: verifier}))
}

// pkceMail asks for a link that is bound to verifier.
func pkceMail(t *testing.T, k *kit.Kit, email domain.Email) domain.Mail {
	t.Helper()
	require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: email, CodeChallenge: domain.S256(verifier)}))
	return k.LastMail()
}

// mustCode opens a bound link and returns the parameters with the code.
func mustCode(t *testing.T, k *kit.Kit, mail domain.Mail) url.Values {
	t.Helper()
	query, err := follow(k, mail)
	require.NoError(t, err)
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, query.Get("code"))
	require.False(t, query.Has("refreshToken"))
	return query
}

func TestPKCE_EveryMailFlowEndsWithACodeForASession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, verifying)
		challenge := domain.S256(verifier)
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password, CodeChallenge: challenge})
		require.NoError(t, err)
		ending := func(email domain.Email) usecase.Session {
			t.Helper()
			query := mustCode(t, k, k.LastMail())
			require.Zero(t, k.Count("SELECT count(*) FROM auth.pkce_authorization_codes WHERE code_hash = '"+query.Get("code")+"'"))
			session, err := exchange(k, query, verifier)
			require.NoError(t, err)
			require.Equal(t, email, session.User.Email)
			require.Equal(t, session.ID, k.MustRefresh(session.RefreshToken).ID)
			return session
		}
		require.True(t, ending("jane@example.com").User.EmailVerified)
		in := usecase.MailInput{Email: "jane@example.com", CodeChallenge: challenge}
		require.NoError(t, askReset(k, in))
		ending("jane@example.com")
		require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "jane@example.com", CodeChallenge: challenge}))
		id := ending("jane@example.com").User.ID
		require.NoError(t, askChange(k, id, usecase.MailInput{Email: "new@example.com", CodeChallenge: challenge}))
		ending("new@example.com")
		require.NoError(t, k.UseCases.SignUpPasswordlessEmail.Do(t.Context(), usecase.EmailSignInInput{Email: "joe@example.com", CodeChallenge: challenge}))
		ending("joe@example.com")
		for i, passwordless := range []bool{true, false} {
			anonymous, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
			require.NoError(t, err)
			email := domain.Email([]string{"a@example.com", "b@example.com"}[i])
			require.NoError(t, deanonymize(k, anonymous, usecase.DeanonymizeUserInput{Passwordless: passwordless, Email: email, Password: kit.Password, CodeChallenge: challenge}))
			require.Equal(t, anonymous.User.ID, ending(email).User.ID)
		}
		k.Exec("UPDATE auth.users SET email_verified = false WHERE email = 'joe@example.com'")
		require.NoError(t, askVerification(k, usecase.MailInput{Email: "joe@example.com", CodeChallenge: challenge}))
		ending("joe@example.com")
	})
}

func TestPKCE_ABoundLinkIsRefusedWithoutItsChallenge(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := pkceMail(t, k, "jane@example.com")
		for _, challenge := range []string{"", domain.S256("another verifier")} {
			_, err := followWith(k, mail, "https://app.example.com", challenge)
			wantRefused(t, err, domain.InvalidRequest)
		}
		require.Zero(t, k.Count(liveSessions))
		_, err := exchange(k, mustCode(t, k, mail), verifier)
		require.NoError(t, err)
	})
}

func TestPKCE_ABoundResetTicketSetsNoPassword(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com", CodeChallenge: domain.S256(verifier)}))
	mail := k.LastMail()
	wantInvalid(t, redeemReset(k, mail))
	session, err := exchange(k, mustCode(t, k, mail), verifier)
	require.NoError(t, err)
	require.NoError(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, Session: session.ID, NewPassword: newPassword}))
}

func TestPKCE_AWrongVerifierSpoilsNothingAndTheRightOneWorksOnce(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		query := mustCode(t, k, pkceMail(t, k, "jane@example.com"))
		for _, wrong := range []string{"", "another verifier", domain.S256(verifier)} {
			_, err := exchange(k, query, wrong)
			require.ErrorIs(t, err, domain.InvalidRequest)
		}
		_, err := exchange(k, url.Values{"code": {"unknown"}}, verifier)
		require.ErrorIs(t, err, domain.InvalidRequest)
		require.Equal(t, map[error]int{nil: 1, domain.InvalidRequest: 49}, parallel(func(int) error {
			_, err := exchange(k, query, verifier)
			return err
		}))
		require.Equal(t, 1, k.Count(liveSessions))
	})
}

func TestPKCE_ACodeExpiresAfterFiveMinutes(t *testing.T) {
	k := kit.New(t)
	mail := pkceMail(t, k, "jane@example.com")
	query := mustCode(t, k, mail)
	k.Clock.Advance(5 * time.Minute)
	_, err := exchange(k, query, verifier)
	require.ErrorIs(t, err, domain.InvalidRequest)
	_, err = exchange(k, mustCode(t, k, mail), verifier)
	require.NoError(t, err, "the link is still good")
}

func TestPKCE_ALinkOpenedAgainEndsTheCodeOrTheSessionOfTheUseBefore(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		mail := pkceMail(t, k, "jane@example.com")
		first, second := mustCode(t, k, mail), mustCode(t, k, mail)
		_, err := exchange(k, first, verifier)
		require.ErrorIs(t, err, domain.InvalidRequest)
		session, err := exchange(k, second, verifier)
		require.NoError(t, err)
		third := mustCode(t, k, mail)
		wantEnded(t, k, session.RefreshToken)
		_, err = exchange(k, third, verifier)
		require.NoError(t, err)
		require.Equal(t, 1, k.Count(liveSessions))
	})
}

// exchangeSlowly does what an exchange does to the database, with a pause in the middle; redeemed is closed when that begins.
func exchangeSlowly(k *kit.Kit, query url.Values, redeemed chan<- struct{}) error {
	return k.Store.Atomic(context.Background(), func(ctx context.Context, repos port.Repos) error {
		code, err := repos.PKCECodes().Redeem(ctx, domain.PKCECode(query.Get("code")).Hash(), domain.S256(verifier), k.Clock.Now())
		close(redeemed)
		if err != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond) // long enough for the link to be opened meanwhile
		return repos.Sessions().Start(ctx, domain.Session{
			ID: code.SessionID, UserID: code.UserID, TokenHash: "early", CreatedAt: k.Clock.Now(), ExpiresAt: k.Clock.Now().Add(time.Hour),
		}, "")
	})
}

func TestPKCE_AnExchangeUnderWayWhenTheLinkIsOpenedAgainLeavesNoSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		signIn := pkceMail(t, k, "jane@example.com") // its use changes the user, that of the other does not
		require.NoError(t, askReset(k, usecase.MailInput{Email: "jane@example.com", CodeChallenge: domain.S256(verifier)}))
		for _, mail := range []domain.Mail{signIn, k.LastMail()} {
			k.Exec("DELETE FROM auth.refresh_tokens")
			redeemed, exchanged, query := make(chan struct{}), make(chan error, 1), mustCode(t, k, mail)
			go func() { exchanged <- exchangeSlowly(k, query, redeemed) }()
			<-redeemed
			again := mustCode(t, k, mail)
			require.NoError(t, <-exchanged)
			require.Zero(t, k.Count(liveSessions), "the link's later use has ended it")
			_, err := exchange(k, again, verifier)
			require.NoError(t, err)
		}
	})
}

func TestPKCE_TheExchangeAsksForTheStateOfTheAccount(t *testing.T) {
	k := kit.New(t)
	query := mustCode(t, k, pkceMail(t, k, "jane@example.com"))
	k.Exec("UPDATE auth.users SET disabled = true")
	_, err := exchange(k, query, verifier)
	require.ErrorIs(t, err, domain.DisabledUser)
	require.Zero(t, k.Count(liveSessions))
	k.Exec("UPDATE auth.users SET disabled = false")
	_, err = exchange(k, query, verifier)
	require.NoError(t, err)
}
