package usecase_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/password"
	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// hashes are those of other programs, each with its password; where they come from stands in the tests of adapter/password.
var hashes = [][2]string{
	{"$2a$04$abcdefghijklmnopqrstuuvKprsczMT1lTtJKz2T1Je8yHC9P9rjm", "violet-otter-41"},
	{"$2b$04$abcdefghijklmnopqrstuuvKprsczMT1lTtJKz2T1Je8yHC9P9rjm", "violet-otter-41"},
	{"$2y$04$abcdefghijklmnopqrstuuvKprsczMT1lTtJKz2T1Je8yHC9P9rjm", "violet-otter-41"},
	{"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password"},
	{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
	{"$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$PfGKNWGZQ+LmIenzdXuzbit3ZqKgpe0ep6P0cjJnwqs", "violet-otter-41"},
	{"$pbkdf2-sha256$i=10000$AAECAwQFBgcICQoLDA0ODw$Rzz/3ghZa5v+KZeR4DVYe5oYRzpXm8UeNwuFSlTa/cc", "violet-otter-41"},
	{"$pbkdf2-sha512$i=10000,l=64$AAECAwQFBgcICQoLDA0ODw$OhNfZnfR9cK7x89vLe1P9arx2wxYFKhucRwBM7kZ6m8z7jEciItmmIYrWndDQt3rTBFolczKWpUdkoYmXjqkJw", "violet-otter-41"},
	{"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==" +
		"$AAECAwQFBgcICQ==$txKNTzhIjbo482antbMVubXCFDpaMJc2VMW/JgXMPxW2K0D/j3sSoUiozwKGAKB80yXadpqhGPAVAGRWHDJbrg==", "violet-otter-41"},
}

// importer imports into a kit's store, with real passwords.
type importer struct {
	*usecase.ImportUsers
	hasher *password.Hasher
	bad    []string
	pages  int
}

func newImporter(t testing.TB, k *kit.Kit, store port.Store) *importer {
	t.Helper()
	hasher, err := password.New(password.Options{Salt: rand.Reader, Clock: k.Clock})
	require.NoError(t, err)
	return &importer{hasher: hasher, ImportUsers: &usecase.ImportUsers{
		Store: store, Hashes: hasher, Numbers: phone.Numbers{}, Clock: k.Clock, Random: k.Random, Policy: k.Settings.SignUp, Key: domain.ImportKey{1}, Batch: 100, Audit: k.Audit,
	}}
}

func (i *importer) do(records []domain.ImportRecord, change ...func(*usecase.ImportUsersInput)) (usecase.ImportReport, error) {
	i.bad, i.pages = nil, 0
	in := usecase.ImportUsersInput{
		Lines: numbered(records), Progress: func(int, int) { i.pages++ },
		Bad: func(line int, problem error) { i.bad = append(i.bad, fmt.Sprintf("%d %s", line, problem)) },
	}
	for _, c := range change {
		c(&in)
	}
	return i.Do(context.Background(), in)
}

func numbered(records []domain.ImportRecord) iter.Seq[domain.ImportLine] {
	return func(yield func(domain.ImportLine) bool) {
		for i, r := range records {
			if !yield(domain.ImportLine{Number: i + 1, Record: r}) {
				return
			}
		}
	}
}

// people are n users whose hashes are of all kinds in turn.
func people(n int) []domain.ImportRecord {
	records := make([]domain.ImportRecord, n)
	for i := range records {
		records[i] = domain.ImportRecord{
			Email: fmt.Sprintf("user%d@example.com", i), EmailVerified: true, PasswordHash: hashes[i%len(hashes)][0], Metadata: `{"n":12345678901234567890}`,
			CreatedAt: time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC), Roles: []string{"user", "imported"},
			Providers: []domain.ProviderIdentity{{Provider: "github", ID: fmt.Sprint(i)}},
		}
	}
	return records
}

func TestImport_AThousandUsersSignInWithTheirOldPasswordsAndGetTodaysHashes(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		imports := newImporter(t, k, k.Store)
		report, err := imports.do(people(1000))
		require.NoError(t, err)
		require.Equal(t, usecase.ImportReport{Good: 1000, Created: 1000}, report)
		require.Equal(t, 10, imports.pages)
		k.UseCases.SignInEmailPassword.Passwords = imports.hasher
		for i := range hashes {
			email := domain.Email(fmt.Sprintf("USER%d@example.com", 990+i-(990%len(hashes))))
			_, err := k.SignIn(email, hashes[i][1]+"x")
			require.Equal(t, error(domain.InvalidEmailPassword), err)
			session, err := k.SignIn(email, hashes[i][1])
			require.NoError(t, err, hashes[i][0])
			require.Equal(t, time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC), session.User.CreatedAt)
			require.Equal(t, []domain.Role{"imported", "user"}, session.User.Roles)
			require.Equal(t, domain.Role("user"), session.User.DefaultRole)
			account, err := k.AdminGetUser.Do(t.Context(), domain.UserRef{Email: email})
			require.NoError(t, err)
			require.Contains(t, account.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$", "rehashed")
			_, err = k.SignIn(email, hashes[i][1])
			require.NoError(t, err)
		}
		owner, err := k.Store.ProviderLinks().Owner(t.Context(), domain.ProviderIdentity{Provider: "github", ID: "77"})
		require.NoError(t, err)
		require.Equal(t, domain.Email("user77@example.com"), owner.Email)
		require.Contains(t, string(owner.Metadata), "12345678901234567890")
	})
}

func TestImport_ASecondTimeChangesNothing(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		imports := newImporter(t, k, k.Store)
		_, err := imports.do(people(150))
		require.NoError(t, err)
		k.Exec("UPDATE auth.users SET display_name = 'Changed'")
		report, err := imports.do(people(250))
		require.NoError(t, err)
		require.Equal(t, usecase.ImportReport{Good: 250, Created: 100, Present: 150}, report)
		require.Equal(t, 250, k.Count("SELECT count(*) FROM auth.users"))
		require.Equal(t, 150, k.Count("SELECT count(*) FROM auth.users WHERE display_name = 'Changed'"))
		require.Equal(t, 500, k.Count("SELECT count(*) FROM auth.user_roles"))
		require.Equal(t, 250, k.Count("SELECT count(*) FROM auth.user_providers"))
	})
}

// crashing is a store that is gone after some transactions.
type crashing struct {
	port.Store
	left int
}

var errCrash = errors.New("the power is gone")

func (c *crashing) Atomic(ctx context.Context, do func(context.Context, port.Repos) error) error {
	if c.left--; c.left < 0 {
		return errCrash
	}
	return c.Store.Atomic(ctx, do)
}

func TestImport_ThatCrashedGoesOnFromThere(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		report, err := newImporter(t, k, &crashing{k.Store, 3}).do(people(450))
		require.ErrorIs(t, err, errCrash)
		require.Equal(t, usecase.ImportReport{Good: 450, Created: 300}, report)
		require.Equal(t, 300, k.Count("SELECT count(*) FROM auth.users"), "what was acknowledged is there")
		report, err = newImporter(t, k, k.Store).do(people(450))
		require.NoError(t, err)
		require.Equal(t, usecase.ImportReport{Good: 450, Created: 150, Present: 300}, report)
	})
}

func TestImport_TOTPSecretsAreEncryptedAndActive(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		_, err := newImporter(t, k, k.Store).do([]domain.ImportRecord{{Email: "jane@example.com", TOTPSecret: "jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp=="}})
		require.NoError(t, err)
		account, err := k.AdminGetUser.Do(t.Context(), domain.UserRef{Email: "jane@example.com"})
		require.NoError(t, err)
		require.Equal(t, domain.TOTPMFA, account.ActiveMFA)
		require.Zero(t, k.Count("SELECT count(*) FROM auth.users WHERE totp_secret LIKE '%JBSWY3DP%'"))
		secret, err := k.Store.MFASecrets().Attempt(t.Context(), account.ID, k.Clock.Now(), k.Clock.Now().Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", secret)
	})
}

func TestImport_WhatBelongsToSomebodyElseIsNamedAndTheOthersComeIn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("USER7@example.com")
		imports := newImporter(t, k, k.Store)
		_, err := imports.do([]domain.ImportRecord{{Email: "first@example.com", Providers: []domain.ProviderIdentity{{Provider: "github", ID: "133"}}, PhoneNumber: "+4915112345678"}})
		require.NoError(t, err)
		records := people(200)
		records[55].PhoneNumber = "+49 151 12345678"
		report, err := imports.do(records)
		require.NoError(t, err)
		require.Equal(t, usecase.ImportReport{Good: 197, Bad: 3, Created: 197}, report)
		require.Equal(t, []string{
			"8 invalid-request: email: belongs to another account already",
			"56 invalid-request: phoneNumber or providers: belongs to another account already",
			"134 invalid-request: phoneNumber or providers: belongs to another account already",
		}, imports.bad)
		require.Equal(t, 199, k.Count("SELECT count(*) FROM auth.users"))
	})
}

func TestImport_ADryRunSaysTheSameAndChangesNothing(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		k.SignUp("user7@example.com")
		imports := newImporter(t, k, k.Store)
		report, err := imports.do(people(150), func(in *usecase.ImportUsersInput) { in.DryRun = true })
		require.NoError(t, err)
		require.Equal(t, usecase.ImportReport{Good: 149, Bad: 1, Created: 149}, report)
		require.Len(t, imports.bad, 1)
		require.Equal(t, 1, k.Count("SELECT count(*) FROM auth.users"))
	})
}

func TestImport_EveryBadLineIsNamedAndKeepsTheFileOutUnlessSkipped(t *testing.T) {
	k := kit.New(t)
	imports := newImporter(t, k, k.Store)
	tomorrow := k.Clock.Now().Add(48 * time.Hour)
	records := []domain.ImportRecord{
		{Email: "good@example.com"}, {Email: "hunter2"}, {}, {Email: "a@example.com", PasswordHash: "hunter2"}, {Email: "b@example.com", Locale: "hunter2"},
		{Email: "c@example.com", Roles: []string{"hunter 2"}}, {Email: "d@example.com", DefaultRole: "hunter2"}, {PhoneNumber: "hunter2"},
		{Email: "e@example.com", TOTPSecret: "hunter2"}, {Email: "f@example.com", Providers: []domain.ProviderIdentity{{Provider: "hunter2", ID: "1"}}},
		{Email: "g@example.com", Providers: []domain.ProviderIdentity{{Provider: "github"}}}, {Email: "h@example.com", CreatedAt: tomorrow},
		{Email: "GOOD@example.com"}, {Email: "i@example.com", DisplayName: "hunter2\x1b[2J"}, {PhoneNumber: "+4915112345678"},
		{Providers: []domain.ProviderIdentity{{Provider: "google", ID: "1"}}}, {Email: "j@example.com", Providers: []domain.ProviderIdentity{{Provider: "google", ID: "1"}}},
		{Email: "hunter2", Locale: "hunter2"},
	}
	report, err := imports.do(records)
	require.NoError(t, err)
	require.Equal(t, usecase.ImportReport{Good: 3, Bad: 15}, report)
	require.Zero(t, k.Count("SELECT count(*) FROM auth.users"))
	fields := make([]string, len(imports.bad))
	for i, text := range imports.bad {
		require.NotContains(t, text, "hunter")
		var line int
		_, err := fmt.Sscanf(text, "%d invalid-request: %s", &line, &fields[i])
		if err != nil {
			_, err = fmt.Sscanf(text, "%d schema-validation-error: %s", &line, &fields[i])
		}
		require.NoError(t, err, text)
		fields[i] = fmt.Sprint(line, " ", fields[i])
	}
	require.Equal(t, []string{
		"2 email:", "3 email:", "4 passwordHash:", "5 locale:", "6 roles:", "7 defaultRole:", "8 phoneNumber:", "9 totpSecret:", "10 providers:", "11 providers:",
		"12 createdAt:", "13 email:", "14 displayName:", "17 providers:", "18 email:", "18 locale:",
	}, fields)
	report, err = imports.do(records, func(in *usecase.ImportUsersInput) { in.SkipBad = true })
	require.NoError(t, err)
	require.Equal(t, usecase.ImportReport{Good: 3, Bad: 15, Created: 3}, report)
}

func TestImport_IdsAreTheSameEverywhereButNotToBeGuessed(t *testing.T) {
	one, other := domain.ImportKey{1}, domain.ImportKey{2}
	require.Equal(t, one.UserID("jane@example.com"), one.UserID("jane@example.com"))
	require.NotEqual(t, one.UserID("jane@example.com"), other.UserID("jane@example.com"))
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, string(one.UserID("")))
}
