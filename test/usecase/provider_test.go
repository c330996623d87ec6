package usecase_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func TestProvider_ANewIdentityGetsAnAccountAndComesBackToIt(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v, who := newVisitor(t, on, requireVerified), jane()
		first := v.arrives(who)
		require.Equal(t, domain.Email("jane@example.com"), first.User.Email)
		require.True(t, first.User.EmailVerified)
		require.Equal(t, "Jane Doe", first.User.DisplayName)
		require.Equal(t, "https://example.com/jane.png", first.User.AvatarURL)
		who.Email, who.Name = "new@example.com", "Another Name"
		second := v.arrives(who)
		require.Equal(t, first.User, second.User, "the account stays as it was made")
		v.counts(1, 1, 2)
	})
}

func TestProvider_SomebodyWithoutAddressGetsAnAccountToo(t *testing.T) {
	v := newVisitor(t, requireVerified)
	who := domain.ProviderIdentity{Provider: "github", ID: "583231"}
	session := v.arrives(who)
	require.Empty(t, session.User.Email)
	require.False(t, session.User.EmailVerified)
	require.Equal(t, "583231", session.User.DisplayName)
	require.Equal(t, session.User.ID, v.arrives(who).User.ID)
}

func TestProvider_OptionsOfTheRequestMakeTheNewUser(t *testing.T) {
	v := newVisitor(t)
	query, err := v.through(visit{ProviderVisitInput: usecase.ProviderVisitInput{State: pointer("a&b"), Options: domain.SignUpOptions{
		AllowedRoles: []domain.Role{"me", "user"}, DefaultRole: "me", DisplayName: "J", Locale: "de", Metadata: `{"a":1}`, RedirectTo: client + "/in?x=1#top",
	}}}, jane())
	require.NoError(t, err)
	require.Equal(t, "1", query.Get("x"))
	require.Equal(t, "a&b", query.Get("state"))
	user := v.MustRefresh(domain.RefreshToken(query.Get("refreshToken"))).User
	require.Equal(t, domain.Role("me"), user.DefaultRole)
	require.Equal(t, "J de", user.DisplayName+" "+user.Locale)
	require.JSONEq(t, `{"a":1}`, string(user.Metadata))
}

func TestProvider_WhatAProviderSaysCanNotDisturb(t *testing.T) {
	v, who := newVisitor(t), jane()
	who.Name, who.AvatarURL = "Jane\x00\u202e Doe\xff", "javascript:alert(1)"
	user := v.arrives(who).User
	require.Equal(t, "Jane Doe", user.DisplayName)
	require.Empty(t, user.AvatarURL)
	for _, id := range []string{"", "a\x00b", string(make([]byte, 256))} {
		who.ID = id
		_, err := v.through(visit{}, who)
		refusedWith(t, err, domain.OAuthProfileFetchFailed, client)
	}
}

func TestProvider_AHundredCallbacksForOneNewIdentityMakeOneAccount(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for _, callers := range []int{2, 100} {
			v, who := newVisitor(t, on), jane()
			who.Email = domain.Email(who.ID + "@example.com")
			before := v.Count("SELECT count(*) FROM auth.users")
			inputs := make([]usecase.SignInProviderCallbackInput, callers)
			for i := range inputs {
				inputs[i] = v.answer(v.depart(visit{}), who)
			}
			var all sync.WaitGroup
			failures := make([]error, callers)
			for i, input := range inputs {
				all.Go(func() { _, failures[i] = v.callback(input) })
			}
			all.Wait()
			for _, err := range failures {
				require.NoError(t, err)
			}
			require.Equal(t, before+1, v.Count("SELECT count(*) FROM auth.users"))
		}
	})
}

func TestProvider_AnUnattestedAddressNeverLeadsToAnExistingAccount(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		for name, verified := range map[string]string{"a verified account": "true", "an unverified account": "false"} {
			v := newVisitor(t, on)
			who := unattested()
			who.Email = domain.Email(who.ID + "@example.com")
			v.SignUp(who.Email)
			v.Exec("UPDATE auth.users SET email_verified = " + verified + " WHERE email = '" + string(who.Email) + "'")
			links := v.Count("SELECT count(*) FROM auth.user_providers")
			_, err := v.through(visit{}, who)
			refusedWith(t, err, domain.UnverifiedUser, client)
			require.Equal(t, links, v.Count("SELECT count(*) FROM auth.user_providers"), name)
			_, err = v.SignIn(who.Email, kit.Password)
			require.NoError(t, err, name)
		}
	})
}

func TestProvider_AnAttestedAddressLeadsToTheVerifiedAccountAndLeavesItsSecrets(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v, who := newVisitor(t, on), jane()
		account := v.SignUp("Jane@Example.com")
		v.Exec("UPDATE auth.users SET email_verified = true")
		require.Equal(t, account.User.ID, v.arrives(who).User.ID)
		_, err := v.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		v.MustRefresh(account.RefreshToken)
	})
}

func TestProvider_ThePreHijackerOfAnAddressLosesEverythingWhenItsOwnerComes(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on)
		thief := v.SignUp("jane@example.com")
		_, pat := createPAT(t, v.Kit, thief.User.ID, time.Hour)
		hisOwn := domain.ProviderIdentity{Provider: "github", ID: "thief"}
		_, err := v.through(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &thief.AccessToken}}, hisOwn)
		require.NoError(t, err)
		code, err := v.through(visit{ProviderVisitInput: usecase.ProviderVisitInput{CodeChallenge: domain.S256("verifier")}}, hisOwn)
		require.NoError(t, err)
		pending := v.answer(v.depart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &thief.AccessToken}}),
			domain.ProviderIdentity{Provider: "github", ID: "thief's second"})
		v.Exec("UPDATE auth.users SET totp_secret = 'x', active_mfa_type = 'totp'")

		owner := v.arrives(jane())
		require.Equal(t, thief.User.ID, owner.User.ID)
		require.True(t, owner.User.EmailVerified)
		require.Equal(t, domain.NoMFA, owner.User.ActiveMFA)
		_, err = v.SignIn("jane@example.com", kit.Password)
		require.ErrorIs(t, err, domain.InvalidEmailPassword)
		_, err = v.Refresh(thief.RefreshToken)
		require.ErrorIs(t, err, domain.InvalidRefreshToken)
		_, err = v.SignInPAT.Do(t.Context(), pat)
		require.ErrorIs(t, err, domain.InvalidPAT)
		_, err = v.UseCases.TokenExchange.Do(t.Context(), usecase.TokenExchangeInput{Code: domain.PKCECode(code.Get("code")), Verifier: "verifier"})
		require.ErrorIs(t, err, domain.InvalidRequest)
		_, err = v.callback(pending)
		refusedWith(t, err, domain.InvalidState, client)
		require.NotEqual(t, owner.User.ID, v.arrives(hisOwn).User.ID)
		require.Zero(t, v.Count("SELECT count(*) FROM auth.users WHERE totp_secret IS NOT NULL OR active_mfa_type IS NOT NULL"))
	})
}

func TestProvider_AnUnattestedAddressMustBeVerifiedFirst(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v, who := newVisitor(t, on, requireVerified), unattested()
		query, err := v.through(visit{ProviderVisitInput: usecase.ProviderVisitInput{State: pointer("s")}}, who)
		require.NoError(t, err)
		require.Equal(t, "state=s", query.Encode(), "no session")
		v.counts(1, 1, 0)
		_, err = v.through(visit{}, who)
		refusedWith(t, err, domain.UnverifiedUser, client)
		mail := v.LastMail()
		require.Equal(t, domain.TemplateEmailVerify, mail.Template)
		_, err = v.UseCases.VerifyTicket.Do(t.Context(), usecase.VerifyTicketInput{Ticket: domain.Ticket(mail.Ticket), RedirectTo: client})
		require.NoError(t, err)
		require.True(t, v.arrives(who).User.EmailVerified)
	})
}

func TestProvider_AnUnattestedAddressIsNoHindranceWhereNobodyNeedsToVerify(t *testing.T) {
	v, who := newVisitor(t), unattested()
	user := v.arrives(who).User
	require.False(t, user.EmailVerified)
	require.Equal(t, who.Email, user.Email)
	require.Empty(t, v.Mails())
}

func TestProvider_WhoMayNotSignUpOrInIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*kit.Settings)
		visit  visit
		code   domain.Code
		before func(v *visitor, who domain.ProviderIdentity)
	}{
		"signing in makes no accounts": {func(s *kit.Settings) { s.AutoSignUpOff = true }, visit{}, domain.InvalidEmailPassword, nil},
		"sign-up is off":               {func(s *kit.Settings) { s.SignUp.Disabled = true }, visit{}, domain.SignupDisabled, nil},
		"the address is refused": {
			func(s *kit.Settings) {
				s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"example.com"})
			}, visit{}, domain.InvalidEmailPassword, nil,
		},
		"a role nobody may ask for": {
			nil, visit{ProviderVisitInput: usecase.ProviderVisitInput{Options: domain.SignUpOptions{AllowedRoles: []domain.Role{"admin"}}}}, domain.RoleNotAllowed, nil,
		},
		"no role at all": {
			nil, visit{ProviderVisitInput: usecase.ProviderVisitInput{Options: domain.SignUpOptions{AllowedRoles: []domain.Role{}}}},
			domain.DefaultRoleMustBeInAllowedRoles, nil,
		},
		"new users are disabled": {func(s *kit.Settings) { s.SignUp.NewUsersDisabled = true }, visit{}, domain.DisabledUser, nil},
		"a disabled user with the address": {nil, visit{}, domain.DisabledUser, func(v *visitor, who domain.ProviderIdentity) {
			v.SignUp(who.Email)
			v.Exec("UPDATE auth.users SET disabled = true, email_verified = true")
		}},
		"a disabled user": {nil, visit{}, domain.DisabledUser, func(v *visitor, who domain.ProviderIdentity) {
			v.arrives(who)
			v.Exec("UPDATE auth.users SET disabled = true")
		}},
		"signing up with an identity that has an account": {nil, visit{signUp: true}, domain.EmailAlreadyInUse, func(v *visitor, who domain.ProviderIdentity) {
			v.arrives(who)
		}},
		"signing up with an address that has an account": {nil, visit{signUp: true}, domain.EmailAlreadyInUse, func(v *visitor, who domain.ProviderIdentity) {
			v.SignUp(who.Email)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*kit.Settings) {}
			}
			v, who := newVisitor(t, change), jane()
			if test.before != nil {
				test.before(v, who)
			}
			_, err := v.through(test.visit, who)
			refusedWith(t, err, test.code, client)
		})
	}
}

func TestProvider_SigningUpMakesAccountsWhereSigningInDoesNot(t *testing.T) {
	v, who := newVisitor(t, func(s *kit.Settings) { s.AutoSignUpOff = true }), jane()
	_, err := v.through(visit{signUp: true}, who)
	require.NoError(t, err)
	v.arrives(who)
	v.counts(1, 1, 2)
	off := newVisitor(t, func(s *kit.Settings) { s.SignUp.Disabled = true })
	_, err = off.tryDepart(visit{signUp: true})
	refusedWith(t, err, domain.SignupDisabled, "")
}

func TestProvider_AnAppWithAChallengeGetsACodeForASession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v, who := newVisitor(t, on), jane()
		for range 2 { // a new user, then a known one
			query, err := v.through(visit{ProviderVisitInput: usecase.ProviderVisitInput{CodeChallenge: domain.S256("verifier")}}, who)
			require.NoError(t, err)
			require.Empty(t, query.Get("refreshToken"))
			session, err := v.Only(v.UseCases.TokenExchange.Do(t.Context(), usecase.TokenExchangeInput{Code: domain.PKCECode(query.Get("code")), Verifier: "verifier"}))
			require.NoError(t, err)
			require.Equal(t, who.Email, session.User.Email)
		}
		v.counts(1, 1, 2)
	})
}
