package usecase_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func byID(id domain.UserID) domain.UserRef { return domain.UserRef{ID: id} }

func TestAdmin_ACreatedUserSignsInAndIsWhatWasAskedFor(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on, func(s *kit.Settings) { s.SignUp.Disabled, s.SignIn.RequireVerified = true, true })
		created, err := k.AdminCreateUser.Do(t.Context(), usecase.AdminCreateUserInput{
			Email: "Jane@example.com", EmailVerified: true, Password: kit.Password, Roles: []domain.Role{"editor", "user"}, Metadata: `{"a":1}`,
		})
		require.NoError(t, err)
		session, err := k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		require.Equal(t, created.User, session.User)
		require.Equal(t, domain.User{
			ID: created.ID, CreatedAt: k.Clock.Now(), DisplayName: "Jane@example.com", Locale: "en", Email: "Jane@example.com", EmailVerified: true,
			PasswordHash: created.PasswordHash, DefaultRole: "user", Roles: []domain.Role{"editor", "user"}, Metadata: created.Metadata,
		}, created.User)
		require.Empty(t, k.Mails(), "nobody is told")
		_, err = k.AdminCreateUser.Do(t.Context(), usecase.AdminCreateUserInput{Email: "JANE@example.com"})
		require.Equal(t, error(domain.EmailAlreadyInUse), err)
		_, err = k.AdminCreateUser.Do(t.Context(), usecase.AdminCreateUserInput{Email: "joe@example.com", Password: "short"})
		require.Equal(t, error(domain.PasswordTooShort), err)
	})
}

func TestAdmin_DisablingEndsSessionsAtOnceAndEnablingLetsSignInAgain(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session, yes, no := k.SignUp("jane@example.com"), true, false
		_, token := createPAT(t, k, session.User.ID, time.Hour)
		account, err := k.AdminUpdateUser.Do(t.Context(), domain.UserRef{Email: "JANE@example.com"}, domain.UserChange{Disabled: &yes})
		require.NoError(t, err)
		require.True(t, account.Disabled)
		open, err := k.AdminListSessions.Do(t.Context(), byID(session.User.ID))
		require.NoError(t, err)
		require.Empty(t, open)
		_, err = k.Refresh(session.RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.Equal(t, error(domain.DisabledUser), err)
		_, err = k.SignInPAT.Do(t.Context(), token)
		require.Equal(t, error(domain.DisabledUser), err)
		_, err = k.AdminUpdateUser.Do(t.Context(), byID(session.User.ID), domain.UserChange{Disabled: &no})
		require.NoError(t, err)
		_, err = k.Refresh(session.RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err, "what ended stays ended")
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		_, err = k.SignInPAT.Do(t.Context(), token)
		require.NoError(t, err)
	})
}

// whileSigningIn calls change while many sign in, and returns what became of them.
func whileSigningIn(t *testing.T, k *kit.Kit, change func() error) (sessions []usecase.Session, refusals []error) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 40 {
		all.Go(func() {
			<-start
			session, err := k.SignIn("jane@example.com", kit.Password)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				sessions = append(sessions, session)
			} else {
				refusals = append(refusals, err)
			}
		})
	}
	all.Go(func() {
		<-start
		if err := change(); err != nil {
			t.Error(err)
		}
	})
	close(start)
	all.Wait()
	return sessions, refusals
}

func TestAdmin_WhoSignsInMeanwhileKeepsNoSessionOfADisabledUser(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id, yes := k.SignUp("jane@example.com").User.ID, true
		_, refusals := whileSigningIn(t, k, func() error {
			_, err := k.AdminUpdateUser.Do(context.Background(), byID(id), domain.UserChange{Disabled: &yes})
			return err
		})
		for _, err := range refusals {
			require.Condition(t, func() bool { return errors.Is(err, domain.DisabledUser) || errors.Is(err, domain.InvalidEmailPassword) }, err)
		}
		require.Zero(t, k.Count("SELECT count(*) FROM auth.refresh_tokens"))
	})
}

func TestAdmin_WhoSignsInMeanwhileKeepsNothingOfADeletedUser(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		id := k.SignUp("jane@example.com").User.ID
		sessions, refusals := whileSigningIn(t, k, func() error { return k.AdminDeleteUser.Do(context.Background(), byID(id)) })
		for _, err := range refusals {
			require.Equal(t, error(domain.InvalidEmailPassword), err)
		}
		for _, session := range sessions {
			_, err := k.Refresh(session.RefreshToken)
			require.Equal(t, error(domain.InvalidRefreshToken), err)
		}
		for _, table := range []string{"users", "refresh_tokens", "user_roles"} {
			require.Zero(t, k.Count("SELECT count(*) FROM auth."+table), table)
		}
	})
}

func TestAdmin_ASetPasswordEndsSessionsAndReplacesTheOldOne(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session := k.SignUp("jane@example.com")
		require.Equal(t, error(domain.PasswordTooShort), k.AdminSetPassword.Do(t.Context(), byID(session.User.ID), "short"))
		k.MustRefresh(session.RefreshToken)
		require.NoError(t, k.AdminSetPassword.Do(t.Context(), byID(session.User.ID), "another horse battery"))
		_, err := k.Refresh(session.RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
		_, err = k.SignIn("jane@example.com", kit.Password)
		require.Equal(t, error(domain.InvalidEmailPassword), err)
		_, err = k.SignIn("jane@example.com", "another horse battery")
		require.NoError(t, err)
	})
}

func TestAdmin_RolesAreReplacedAndTheDefaultRoleStaysAmongThem(t *testing.T) {
	k := kit.New(t)
	id := k.SignUp("jane@example.com").User.ID
	set := func(stated *domain.Role, roles ...domain.Role) (domain.Account, error) {
		return k.AdminUpdateUser.Do(t.Context(), byID(id), domain.UserChange{Roles: roles, DefaultRole: stated})
	}
	account, err := set(nil, "user", "editor")
	require.NoError(t, err)
	require.Equal(t, []domain.Role{"editor", "user"}, account.Roles)
	require.Equal(t, domain.Role("user"), account.DefaultRole)
	account, err = set(nil, "editor", "reviewer")
	require.NoError(t, err)
	require.Equal(t, domain.Role("editor"), account.DefaultRole)
	account, err = set(nil, "reviewer", "user")
	require.NoError(t, err)
	require.Equal(t, domain.Role("user"), account.DefaultRole, "the configured one comes before the first")
	unheard := domain.Role("admin")
	_, err = set(&unheard, "reviewer", "user")
	require.Equal(t, error(domain.DefaultRoleMustBeInAllowedRoles), err)
	_, err = set(nil)
	require.NoError(t, err, "no roles are no change")
}

func TestAdmin_AnotherAddressIsNotVerifiedAndEndsWhatWasMailed(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session, verified := k.SignUp("jane@example.com"), true
		k.SignUp("joe@example.com")
		id := session.User.ID
		_, err := k.AdminUpdateUser.Do(t.Context(), byID(id), domain.UserChange{EmailVerified: &verified})
		require.NoError(t, err)
		k.MustRefresh(session.RefreshToken)
		require.NoError(t, k.SendPasswordResetEmail.Do(t.Context(), usecase.MailInput{Email: "jane@example.com"}))
		same, other, taken := domain.Email("Jane@example.com"), domain.Email("doe@example.com"), domain.Email("JOE@example.com")
		account, err := k.AdminUpdateUser.Do(t.Context(), byID(id), domain.UserChange{Email: &same})
		require.NoError(t, err)
		require.True(t, account.EmailVerified, "it is the same address")
		_, err = k.AdminUpdateUser.Do(t.Context(), byID(id), domain.UserChange{Email: &taken})
		require.Equal(t, error(domain.EmailAlreadyInUse), err)
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.hexauth_tickets WHERE user_id IS NOT NULL"))
		account, err = k.AdminUpdateUser.Do(t.Context(), byID(id), domain.UserChange{Email: &other})
		require.NoError(t, err)
		require.False(t, account.EmailVerified)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.hexauth_tickets WHERE user_id IS NOT NULL"))
		_, err = k.Refresh(session.RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
	})
}

func TestAdmin_SessionsEndOneByOneOrAllAndTokensWhenAskedFor(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		first, other := k.SignUp("jane@example.com"), k.SignUp("joe@example.com")
		second, err := k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err)
		id := first.User.ID
		_, token := createPAT(t, k, id, time.Hour)
		end := func(in usecase.AdminEndSessionsInput) error {
			in.User = byID(id)
			return k.AdminEndSessions.Do(t.Context(), in)
		}
		require.Equal(t, error(domain.NotFound), end(usecase.AdminEndSessionsInput{Session: other.ID}))
		require.NoError(t, end(usecase.AdminEndSessionsInput{Session: first.ID}))
		k.MustRefresh(second.RefreshToken)
		require.NoError(t, end(usecase.AdminEndSessionsInput{}))
		_, err = k.Refresh(second.RefreshToken)
		require.Equal(t, error(domain.InvalidRefreshToken), err)
		_, err = k.SignInPAT.Do(t.Context(), token)
		require.NoError(t, err)
		require.NoError(t, end(usecase.AdminEndSessionsInput{Tokens: true}))
		_, err = k.SignInPAT.Do(t.Context(), token)
		require.Equal(t, error(domain.InvalidPAT), err)
		k.MustRefresh(other.RefreshToken)
	})
}

func TestAdmin_NobodyIsNotFound(t *testing.T) {
	k := kit.New(t)
	yes := true
	for _, ref := range []domain.UserRef{{Email: "nobody@example.com"}, {ID: domain.UserID(k.Random.UUID())}} {
		_, err := k.AdminGetUser.Do(t.Context(), ref)
		require.Equal(t, error(domain.NotFound), err)
		_, err = k.AdminUpdateUser.Do(t.Context(), ref, domain.UserChange{Disabled: &yes})
		require.Equal(t, error(domain.NotFound), err)
		_, err = k.AdminExportUser.Do(t.Context(), ref)
		require.Equal(t, error(domain.NotFound), err)
		_, err = k.AdminListSessions.Do(t.Context(), ref)
		require.Equal(t, error(domain.NotFound), err)
		require.Equal(t, error(domain.NotFound), k.AdminDeleteUser.Do(t.Context(), ref))
		require.Equal(t, error(domain.NotFound), k.AdminSetPassword.Do(t.Context(), ref, kit.Password))
		require.Equal(t, error(domain.NotFound), k.AdminEndSessions.Do(t.Context(), usecase.AdminEndSessionsInput{User: ref}))
	}
}

func TestAdmin_APageIsFilledUpWhereOneUserTakesTheTurnOfSeveral(t *testing.T) {
	k := kit.New(t)
	for i := range 30 {
		session := k.SignUp(domain.Email(fmt.Sprintf("jane%02d@example.com", i)))
		name := "jane"
		_, err := k.AdminUpdateUser.Do(t.Context(), byID(session.User.ID), domain.UserChange{DisplayName: &name})
		require.NoError(t, err)
	}
	seen, q := map[domain.UserID]bool{}, domain.UserQuery{Search: "Jane", Limit: 20}
	page, err := k.AdminListUsers.Do(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, page.Accounts, 20)
	for {
		for _, account := range page.Accounts {
			require.False(t, seen[account.ID])
			seen[account.ID] = true
		}
		if page.Next == (domain.UserPosition{}) {
			break
		}
		q.After = page.Next
		page, err = k.AdminListUsers.Do(t.Context(), q)
		require.NoError(t, err)
	}
	require.Len(t, seen, 30)
}
