package usecase_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// deanonymize sends a request with the session's access token.
func deanonymize(k *kit.Kit, session usecase.Session, in usecase.DeanonymizeUserInput) error {
	claims, err := k.Tokens.Verify(context.Background(), session.AccessToken)
	if err != nil {
		return err
	}
	in.Bearer = claims
	return k.UseCases.DeanonymizeUser.Do(context.Background(), in)
}

// anonymous signs somebody in who has something in the cart.
func anonymous(t *testing.T, k *kit.Kit) usecase.Session {
	t.Helper()
	session, err := k.UseCases.SignInAnonymous.Do(context.Background(), domain.SignUpOptions{Metadata: `{"cart":7}`})
	require.NoError(t, err)
	return session
}

// wantStillAnonymous checks that nothing has happened to the account.
func wantStillAnonymous(t *testing.T, k *kit.Kit, session usecase.Session) {
	t.Helper()
	user := k.MustRefresh(session.RefreshToken).User
	session.User.Metadata, user.Metadata = "", ""
	require.Equal(t, session.User, user)
}

func TestDeanonymize_MakesTheAccountWhatItsOwnerStates(t *testing.T) {
	for _, passwordless := range []bool{false, true} {
		kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
			k := kit.New(t, on, verifying)
			before := anonymous(t, k)
			in := usecase.DeanonymizeUserInput{Passwordless: passwordless, Email: "Jane@example.com", Password: kit.Password, Options: domain.SignUpOptions{
				DisplayName: "Jane", Locale: "de", AllowedRoles: []domain.Role{"me"}, DefaultRole: "me",
			}}
			require.NoError(t, deanonymize(k, before, in))
			wantEnded(t, k, before.RefreshToken)
			_, err := k.SignIn("jane@example.com", kit.Password)
			if passwordless {
				require.ErrorIs(t, err, domain.InvalidEmailPassword, "the password is not for this method")
			} else {
				require.ErrorIs(t, err, domain.UnverifiedUser)
			}
			mails := k.Mails()
			require.Len(t, mails, 1)
			require.Equal(t, map[bool]domain.Template{false: domain.TemplateEmailVerify, true: domain.TemplateSignInPasswordless}[passwordless], mails[0].Template)
			require.Equal(t, "de", mails[0].Locale)
			user := k.MustRefresh(mustFollow(t, k, mails[0])).User
			require.Regexp(t, `^\{"cart": ?7\}$`, string(user.Metadata), "it is kept")
			require.Equal(t, domain.User{
				ID: before.User.ID, CreatedAt: before.User.CreatedAt, DisplayName: "Jane", Locale: "de", Email: "Jane@example.com", EmailVerified: true,
				PasswordHash: user.PasswordHash, DefaultRole: "me", Roles: []domain.Role{"me"}, Metadata: user.Metadata,
			}, user)
			require.Equal(t, passwordless, user.PasswordHash == "")
			if !passwordless {
				wantPassword(t, k, "jane@example.com", kit.Password)
			}
			require.ErrorIs(t, deanonymize(k, before, usecase.DeanonymizeUserInput{Email: "thief@example.com", Password: "the thief's password"}), domain.UserNotAnonymous)
			require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE email = 'jane@example.com'"))
		})
	}
}

func TestDeanonymize_WhereThePasswordIsEnoughTheSessionGoesOn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		before := anonymous(t, k)
		require.NoError(t, deanonymize(k, before, usecase.DeanonymizeUserInput{
			Email: "jane@example.com", Password: kit.Password, Options: domain.SignUpOptions{Metadata: `{"plan":"pro"}`},
		}))
		require.Empty(t, k.Mails())
		after := k.MustRefresh(before.RefreshToken)
		require.Equal(t, before.ID, after.ID)
		require.False(t, after.User.IsAnonymous)
		require.Equal(t, "jane@example.com", after.User.DisplayName)
		require.Regexp(t, `^\{"plan": ?"pro"\}$`, string(after.User.Metadata), "what is stated replaces what was")
		claims, err := k.Tokens.Verify(t.Context(), after.AccessToken)
		require.NoError(t, err)
		require.False(t, claims.IsAnonymous)
		require.Equal(t, []domain.Role{"me", "user"}, claims.AllowedRoles)
		wantPassword(t, k, "jane@example.com", kit.Password)
	})
}

func TestDeanonymize_ATakenAddressLeavesTheAccountAsItWas(t *testing.T) {
	for _, passwordless := range []bool{false, true} {
		kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
			k := kit.New(t, on)
			k.SignUp("jane@example.com")
			session := anonymous(t, k)
			in := usecase.DeanonymizeUserInput{Passwordless: passwordless, Email: "JANE@example.com", Password: newPassword}
			require.ErrorIs(t, deanonymize(k, session, in), domain.EmailAlreadyInUse)
			wantStillAnonymous(t, k, session)
			require.Empty(t, k.Mails())
			require.Zero(t, k.Count(pendingTicket))
		})
	}
}

func TestDeanonymize_OfFiftyAtOnceOneSucceeds(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session := anonymous(t, k)
		require.Equal(t, map[error]int{nil: 1, domain.UserNotAnonymous: 49}, parallel(func(int) error {
			return deanonymize(k, session, usecase.DeanonymizeUserInput{Passwordless: true, Email: "jane@example.com"})
		}))
		require.Len(t, k.Mails(), 1)
	})
}

func TestDeanonymize_RefusesInTheOrderOfTheAPI(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) {
		s.SignUp.Disabled, s.Passwordless = true, false
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
	})
	k.UseCases.SignInAnonymous.Policy.Disabled = false
	session := anonymous(t, k)
	in := usecase.DeanonymizeUserInput{Email: "jane@blocked.example", Options: domain.SignUpOptions{RedirectTo: "https://evil.example", AllowedRoles: []domain.Role{"admin"}}}
	want := func(want domain.Code) {
		t.Helper()
		require.ErrorIs(t, deanonymize(k, session, in), want)
		require.Zero(t, k.Passwords.Work(), "nothing slow before the rules")
	}
	want(domain.SignupDisabled)
	k.UseCases.DeanonymizeUser.SignUp.Disabled = false
	want(domain.InvalidRequest)
	in.Passwordless = true
	want(domain.DisabledEndpoint)
	in.Passwordless, in.Password = false, "short"
	want(domain.PasswordTooShort)
	in.Password = kit.Password
	want(domain.RedirectToNotAllowed)
	in.Options.RedirectTo = ""
	want(domain.RoleNotAllowed)
	in.Options.AllowedRoles = []domain.Role{"me"}
	want(domain.DefaultRoleMustBeInAllowedRoles)
	in.Options.AllowedRoles = nil
	want(domain.InvalidEmailPassword)
	wantStillAnonymous(t, k, session)
	in.Email = "jane@example.com"
	require.NoError(t, deanonymize(k, session, in))
}

func TestDeanonymize_IsForAnonymousUsersWhoStillAre(t *testing.T) {
	k := kit.New(t)
	in := usecase.DeanonymizeUserInput{Email: "new@example.com", Password: newPassword}
	require.ErrorIs(t, deanonymize(k, k.SignUp("jane@example.com"), in), domain.UserNotAnonymous)
	session := anonymous(t, k)
	k.Exec("UPDATE auth.users SET disabled = true")
	require.ErrorIs(t, deanonymize(k, session, in), domain.DisabledUser)
	k.Exec("DELETE FROM auth.users")
	require.ErrorIs(t, deanonymize(k, session, in), domain.InvalidEmailPassword)
}
