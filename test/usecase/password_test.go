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

func signUp(k *kit.Kit, in usecase.SignUpEmailPasswordInput) (*usecase.Session, error) {
	return k.UseCases.SignUpEmailPassword.Do(context.Background(), in)
}

func TestSignUp_GivesASessionThatSaysWhoTheUserIs(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "Jane@Example.com", Password: kit.Password, Options: domain.SignUpOptions{
			DisplayName: "Jane", Locale: "de", Metadata: `{"plan":"trial"}`, AllowedRoles: []domain.Role{"user"}, DefaultRole: "user",
		}})
		require.NoError(t, err)
		want := domain.User{
			ID: session.User.ID, CreatedAt: k.Clock.Now(), DisplayName: "Jane", Locale: "de", Email: "Jane@Example.com",
			PasswordHash: session.User.PasswordHash, DefaultRole: "user", Roles: []domain.Role{"user"}, Metadata: `{"plan":"trial"}`,
		}
		require.Equal(t, want, session.User)
		stored, err := k.UseCases.GetUser.Do(t.Context(), session.User.ID)
		require.NoError(t, err)
		stored.Metadata = want.Metadata // PostgreSQL writes JSON with spaces
		require.Equal(t, want, stored)
		claims, err := k.Tokens.Verify(t.Context(), session.AccessToken)
		require.NoError(t, err)
		require.Equal(t, domain.ClaimsFor(want, session.ID, k.Clock.Now(), k.Settings.Session.AccessTokenTTL), claims)
	})
}

func TestSignUp_RefusesAnAddressThatIsTakenInAnyCase(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("jane@example.com")
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "JANE@example.COM", Password: kit.Password})
		require.ErrorIs(t, err, domain.EmailAlreadyInUse)
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users"))
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
	})
}

func TestSignUp_ChecksInTheOrderOfTheAPI(t *testing.T) {
	everythingWrong := usecase.SignUpEmailPasswordInput{Email: "jane@blocked.example", Password: "short", Options: domain.SignUpOptions{
		RedirectTo: "https://evil.example", AllowedRoles: []domain.Role{"admin"}, DefaultRole: "root",
	}}
	k := kit.New(t, func(s *kit.Settings) {
		s.SignUp.Disabled = true
		s.SignIn.Emails = domain.NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"})
	})
	mend := []struct {
		want error
		fix  func(*usecase.SignUpEmailPasswordInput)
	}{
		{domain.SignupDisabled, func(*usecase.SignUpEmailPasswordInput) { k.UseCases.SignUpEmailPassword.Policy.Disabled = false }},
		{domain.InvalidEmailPassword, func(in *usecase.SignUpEmailPasswordInput) { in.Email = "jane@example.com" }},
		{domain.PasswordTooShort, func(in *usecase.SignUpEmailPasswordInput) { in.Password = kit.Password }},
		{domain.RedirectToNotAllowed, func(in *usecase.SignUpEmailPasswordInput) { in.Options.RedirectTo = "https://app.example.com/x" }},
		{domain.RoleNotAllowed, func(in *usecase.SignUpEmailPasswordInput) { in.Options.AllowedRoles = []domain.Role{} }},
		{domain.DefaultRoleMustBeInAllowedRoles, func(in *usecase.SignUpEmailPasswordInput) { in.Options.AllowedRoles = []domain.Role{"me"} }},
		{domain.DefaultRoleMustBeInAllowedRoles, func(in *usecase.SignUpEmailPasswordInput) { in.Options.DefaultRole = "me" }},
	}
	for _, step := range mend {
		_, err := signUp(k, everythingWrong)
		require.ErrorIs(t, err, step.want)
		require.Zero(t, k.Passwords.Work(), "nothing slow before the rules")
		step.fix(&everythingWrong)
	}
	_, err := signUp(k, everythingWrong)
	require.NoError(t, err)
}

func TestSignUp_WithVerificationRequiredGivesNoSession(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.SignIn.RequireVerified = true })
		session, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
		require.NoError(t, err)
		require.Nil(t, session)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE last_seen IS NULL"))
	})
}

func TestSignUp_WithNewUsersDisabledCreatesADisabledUser(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.SignUp.NewUsersDisabled = true })
	_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: "jane@example.com", Password: kit.Password})
	require.ErrorIs(t, err, domain.DisabledUser)
	require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE disabled"))
	require.Zero(t, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
}

func TestSignIn_GivesASessionToWhoKnowsThePassword(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		signedUp := k.SignUp("jane@example.com")
		signedIn, err := k.SignIn("JANE@example.com", kit.Password)
		require.NoError(t, err)
		require.Equal(t, signedUp.User, signedIn.User)
		require.NotEqual(t, signedUp.ID, signedIn.ID)
		k.MustRefresh(signedIn.RefreshToken)
	})
}

// cost is what one request made the server do.
type cost struct{ hashes, rows int }

func TestSignIn_FailuresCostTheSameAndTellNothing(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.SignIn.RequireVerified = true })
	for _, email := range []domain.Email{"wrong@example.com", "disabled@example.com", "unverified@example.com", "passwordless@example.com"} {
		_, err := signUp(k, usecase.SignUpEmailPasswordInput{Email: email, Password: kit.Password})
		require.NoError(t, err)
	}
	k.Exec("UPDATE auth.users SET disabled = true WHERE email = 'disabled@example.com'")
	k.Exec("UPDATE auth.users SET email_verified = true WHERE email <> 'unverified@example.com'")
	k.Exec("UPDATE auth.users SET password_hash = NULL WHERE email = 'passwordless@example.com'")
	attempt := func(email domain.Email, password string) (error, cost) {
		before := k.Passwords.Work()
		_, err := k.SignIn(email, password)
		return err, cost{k.Passwords.Work() - before, k.Count("SELECT count(*) FROM auth.refresh_tokens")}
	}
	for _, email := range []domain.Email{"unknown@example.com", "wrong@example.com", "disabled@example.com", "unverified@example.com", "passwordless@example.com"} {
		err, spent := attempt(email, "not the password")
		require.Equal(t, error(domain.InvalidEmailPassword), err, email)
		require.Equal(t, cost{hashes: 1}, spent, email)
	}
	for email, want := range map[domain.Email]domain.Code{
		"disabled@example.com": domain.DisabledUser, "unverified@example.com": domain.UnverifiedUser, "passwordless@example.com": domain.InvalidEmailPassword,
	} {
		err, spent := attempt(email, kit.Password)
		require.Equal(t, error(want), err, email)
		require.Equal(t, cost{hashes: 1}, spent, email)
	}
}

func TestSignIn_ABlockedAddressIsRefusedAsAWrongPasswordIs(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	k.UseCases.SignInEmailPassword.Policy.Emails = domain.NewEmailAccessPolicy(nil, nil, []string{"JANE@example.com"}, nil)
	_, err := k.SignIn("jane@example.com", kit.Password)
	require.ErrorIs(t, err, domain.InvalidEmailPassword)
}

func TestSignIn_AnOldHashIsReplacedOnSuccessOnly(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	k.Passwords.Prefix = "new"
	_, err := k.SignIn("jane@example.com", "not the password")
	require.ErrorIs(t, err, domain.InvalidEmailPassword)
	require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE password_hash LIKE 'new%'"))
	_, err = k.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
	require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users WHERE password_hash LIKE 'new%'"))
	_, err = k.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
}

func TestAnonymous_GetsASessionAndNothingElse(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{Locale: "xx"})
		require.NoError(t, err)
		require.Equal(t, domain.User{
			ID: session.User.ID, CreatedAt: k.Clock.Now(), DisplayName: "Anonymous User", Locale: "en", IsAnonymous: true,
			DefaultRole: "anonymous", Roles: []domain.Role{"anonymous"},
		}, session.User)
		claims, err := k.Tokens.Verify(t.Context(), session.AccessToken)
		require.NoError(t, err)
		require.True(t, claims.IsAnonymous)
		_, err = k.UseCases.GetUser.Do(t.Context(), session.User.ID)
		require.ErrorIs(t, err, domain.ForbiddenAnonymous)
	})
}

func TestAnonymous_CanBeSwitchedOff(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.SignUp.AnonymousEnabled = false })
	_, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.ErrorIs(t, err, domain.DisabledEndpoint)
	k.UseCases.SignInAnonymous.Policy.Disabled = true
	_, err = k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.ErrorIs(t, err, domain.SignupDisabled)
}

func TestGetUser_SaysWhyAnAccountMayNotAct(t *testing.T) {
	k := kit.New(t)
	id := k.SignUp("jane@example.com").User.ID
	k.UseCases.GetUser.Policy.RequireVerified = true
	_, err := k.UseCases.GetUser.Do(t.Context(), id)
	require.ErrorIs(t, err, domain.UnverifiedUser)
	k.Exec("UPDATE auth.users SET disabled = true")
	_, err = k.UseCases.GetUser.Do(t.Context(), id)
	require.ErrorIs(t, err, domain.DisabledUser)
	k.Exec("DELETE FROM auth.users")
	_, err = k.UseCases.GetUser.Do(t.Context(), id)
	require.ErrorIs(t, err, domain.InvalidEmailPassword)
}

func TestGetUser_WorksForUsersWithoutAnAddress(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) {
		s.SignIn.Emails = domain.NewEmailAccessPolicy([]string{"only@example.com"}, nil, nil, nil)
	})
	session, err := k.UseCases.SignInAnonymous.Do(t.Context(), domain.SignUpOptions{})
	require.NoError(t, err)
	k.Exec("UPDATE auth.users SET is_anonymous = false, phone_number = '+12025550123'")
	_, err = k.UseCases.GetUser.Do(t.Context(), session.User.ID)
	require.NoError(t, err)
}

func TestVerifyToken_JudgesATokenInTheBodyByItselfAndTheBearerByTheAccount(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	verify := func(in usecase.VerifyTokenInput) error { return k.UseCases.VerifyToken.Do(t.Context(), in) }
	require.NoError(t, verify(usecase.VerifyTokenInput{Token: session.AccessToken}))
	require.NoError(t, verify(usecase.VerifyTokenInput{Token: "Bearer " + session.AccessToken}))
	require.NoError(t, verify(usecase.VerifyTokenInput{Bearer: session.User.ID}))
	require.ErrorIs(t, verify(usecase.VerifyTokenInput{Token: "x"}), domain.InvalidRequest)
	require.ErrorIs(t, verify(usecase.VerifyTokenInput{}), domain.InvalidRequest)
	k.Exec("UPDATE auth.users SET disabled = true")
	require.NoError(t, verify(usecase.VerifyTokenInput{Token: session.AccessToken}))
	require.ErrorIs(t, verify(usecase.VerifyTokenInput{Bearer: session.User.ID}), domain.DisabledUser)
	k.Clock.Advance(15 * time.Minute)
	require.ErrorIs(t, verify(usecase.VerifyTokenInput{Token: session.AccessToken}), domain.InvalidRequest)
}
