package kit

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/totp"
	"github.com/hexauth/hexauth/adapter/webauthn"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/migrations"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/pgtest"
	"github.com/hexauth/hexauth/usecase"
)

// Settings are what a test may change before the use cases are wired.
type Settings struct {
	URL    string // of the database; default: SQLite in memory
	SignUp domain.SignUpPolicy
	SignIn domain.SignInPolicy
	Checks usecase.PasswordChecks

	Passwordless, OTP, SMS, AutoSignUpOff, Conceal bool
	WebAuthnOff                                    bool

	SMSPolicy    domain.SMSPolicy
	GatewayCodes bool // the phones make and check the codes

	Providers   usecase.Providers
	IDTokens    usecase.IDTokens
	AdminSecret string // Hasura's, for the renewal of providers' tokens
	AdminKey    string // that of administrators

	Session      domain.SessionPolicy
	CustomClaims port.CustomClaims
	ClaimsPolicy domain.CustomClaimsPolicy

	PAT       domain.PATPolicy
	Elevation domain.ElevationPolicy
	MFA       domain.MFAPolicy
	MFAOff    bool // AUTH_MFA_ENABLED=false
	AuditOff  bool // AUTH_AUDIT_RETENTION=0
	Hooks     []domain.Webhook
	ClientURL string
	Redirects []string
	Store     bunstore.Options
}

// Kit is a wired product.
type Kit struct {
	t         testing.TB
	Store     *bunstore.Store
	Clock     *Clock
	Random    *Random
	Passwords *Passwords
	Journal   *Journal
	Witness   *Witness
	Audit     usecase.Audit
	Meter     *Meter
	Mailbox   *Mailbox
	Phones    *Phones
	Deliver   *usecase.DeliverMessages
	Tokens    *jwt.Static
	WebAuthn  *webauthn.RelyingParty
	Settings  Settings
	rest.UseCases
}

// ServerURL is the address of the product in tests.
const ServerURL = "https://auth.example.com/v1"

// RPID is the domain that security keys are bound to, Origin where the app is.
const (
	RPID   = "example.com"
	Origin = "https://app.example.com"
)

// Password is the password of everybody who is signed up with SignUp.
const Password = "correct horse battery"

// memory is what a test gets that does not care where its data is: a database of its own that goes away with it.
const memory = "sqlite://:memory:"

// New wires the product. Each change is applied to the settings first.
func New(t testing.TB, changes ...func(*Settings)) *Kit {
	t.Helper()
	s := Settings{
		URL: memory, ClientURL: "https://app.example.com",
		SignUp: domain.SignUpPolicy{
			DefaultRole: "user", AllowedRoles: []domain.Role{"me", "user"}, DefaultLocale: "en", Locales: []string{"en", "de"},
			AnonymousEnabled: true, AnonymousName: "Anonymous User",
		},
		Checks:       usecase.PasswordChecks{Policy: domain.PasswordPolicy{MinLength: 9}, Breached: &Breached{}},
		Store:        bunstore.Options{Cipher: Cipher{}, Timeout: time.Minute}, // machines that run tests can be very busy
		Passwordless: true, OTP: true, SMS: true,
		CustomClaims: claims.None{},
		Session:      domain.SessionPolicy{AccessTokenTTL: 15 * time.Minute, RefreshTokenTTL: 30 * 24 * time.Hour, Grace: 30 * time.Second},
	}
	for _, change := range changes {
		change(&s)
	}
	redirects, err := domain.NewRedirectPolicy(s.ClientURL, s.Redirects)
	require.NoError(t, err)
	s.SignUp.Redirects = redirects
	s.SignUp.RequireVerified, s.SignUp.Emails = s.SignIn.RequireVerified, s.SignIn.Emails
	k := &Kit{t: t, Settings: s, Clock: NewClock(), Random: &Random{seed: uuid.NewString()}, Passwords: &Passwords{}, Journal: &Journal{}, Meter: &Meter{}, Mailbox: &Mailbox{}, Phones: &Phones{}}
	k.Store = openStore(t, s)
	k.Tokens, err = jwt.NewStatic(jwt.Key{Algorithm: "HS256", HMAC: []byte("a key of the tests, 32 bytes long")},
		jwt.Options{Issuer: "https://auth.example.com", ClaimsNamespace: "https://hasura.io/jwt/claims", Clock: k.Clock})
	require.NoError(t, err)
	k.WebAuthn, err = webauthn.New(webauthn.Options{RPID: RPID, RPName: "Example", Origins: []string{Origin}, Random: rand.Reader})
	require.NoError(t, err)
	k.UseCases = k.wire()
	return k
}

// OnBoth runs test on SQLite and on PostgreSQL.
func OnBoth(t *testing.T, test func(t *testing.T, on func(*Settings))) {
	t.Run("SQLite", func(t *testing.T) { test(t, func(*Settings) {}) })
	t.Run("PostgreSQL", func(t *testing.T) {
		url := pgtest.Copy(t, migrated)
		test(t, func(s *Settings) { s.URL = url })
	})
}

func openStore(t testing.TB, s Settings) *bunstore.Store {
	if s.URL == memory {
		s.URL = migratedSQLite(t)
	}
	store, err := openMigrated(s.URL, s.Store)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	require.NoError(t, store.Roles().Ensure(context.Background(), append(s.SignUp.AllowedRoles, s.SignUp.DefaultRole)))
	return store
}

func openMigrated(url string, o bunstore.Options) (*bunstore.Store, error) {
	store, err := bunstore.Open(context.Background(), url, o)
	if err != nil {
		return nil, err
	}
	db, dialect := store.Migrations()
	if _, err := migrations.Up(context.Background(), db, dialect, nil); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

// migrated brings a new database up to date.
func migrated(url string) error {
	store, err := openMigrated(url, bunstore.Options{})
	if err == nil {
		store.Close()
	}
	return err
}

// emptySQLite is the file of a database with all migrations and nothing else. With the race detector on, migrating takes longer than
// most tests, so they get copies.
var emptySQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "hexauth-kit")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "hexauth.db")
	if err := migrated("sqlite://" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migratedSQLite(t testing.TB) string {
	content, err := emptySQLite()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "hexauth.db")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return "sqlite://" + path
}

func (k *Kit) wire() rest.UseCases {
	s := k.Settings
	key := domain.RefreshTokenKey([]byte("the refresh token key of tests.."))
	k.Witness = &Witness{store: k.Store.Events()}
	k.Audit = usecase.Audit{Clock: k.Clock, Random: &Random{seed: uuid.NewString()}, Witness: k.Witness, Keep: !s.AuditOff, Hooks: s.Hooks}
	audit := k.Audit
	sessions := usecase.Sessions{
		Audit: audit, Tokens: k.Tokens, Clock: k.Clock, Random: k.Random, Policy: s.Session, MFA: s.MFA, Key: key, CustomClaims: s.CustomClaims, ClaimsPolicy: s.ClaimsPolicy,
	}
	tickets := usecase.Tickets{Clock: k.Clock, Random: k.Random, OTPKey: domain.OTPKey{1}, ServerURL: ServerURL}
	visit := usecase.ProviderVisit{
		Store: k.Store, Providers: s.Providers, Tokens: k.Tokens, Clock: k.Clock, Random: k.Random, SignUp: s.SignUp, SignIn: s.SignIn, ServerURL: ServerURL,
	}
	arrive := usecase.ProviderSignIn{Store: k.Store, Sessions: sessions, Tickets: tickets, SignUp: s.SignUp, SignIn: s.SignIn, AutoOff: s.AutoSignUpOff}
	authenticator, err := totp.New(totp.Options{Issuer: "example", Entropy: rand.Reader})
	require.NoError(k.t, err)
	factor := usecase.SecondFactor{Audit: audit, Store: k.Store, TOTP: authenticator, Clock: k.Clock, Key: domain.RecoveryKey{2}}
	byEmail := usecase.EmailSignIn{Audit: audit, Store: k.Store, Random: k.Random, Tickets: tickets, SignUp: s.SignUp, SignIn: s.SignIn, AutoOff: s.AutoSignUpOff}
	byLink, byCode := byEmail, byEmail
	byLink.Enabled, byCode.Enabled = s.Passwordless, s.OTP
	dispatch := usecase.Dispatch{Templates: k.Mailbox, Mailer: k.Mailbox, SMS: k.Phones, Verifier: k.Phones}
	k.Deliver = &usecase.DeliverMessages{
		Dispatch: dispatch, Outbox: k.Store.Outbox(), Clock: k.Clock, Journal: k.Journal, Batch: 10, Lease: time.Minute,
	}
	bySMS := usecase.SMSSignIn{
		Audit: audit, Store: k.Store, Random: k.Random, Numbers: phone.Numbers{}, Journal: k.Journal, Dispatch: dispatch, Tickets: tickets, SignUp: s.SignUp, SignIn: s.SignIn,
		Policy: s.SMSPolicy, Enabled: s.SMS, AutoOff: s.AutoSignUpOff, GatewayCodes: s.GatewayCodes,
	}
	administration := usecase.Administration{Store: k.Store, Clock: k.Clock, Audit: audit}
	ceremonies := usecase.Ceremonies{Enabled: !s.WebAuthnOff, Store: k.Store, WebAuthn: k.WebAuthn, Clock: k.Clock, Journal: k.Journal, Audit: audit}
	return rest.UseCases{
		AddSecurityKey:    &usecase.AddSecurityKey{Ceremonies: ceremonies, Policy: s.SignIn},
		AdminAuthenticate: &usecase.AdminAuthenticate{Secret: domain.NewAdminSecret(s.AdminKey), Audit: audit},
		AdminCreateUser: &usecase.AdminCreateUser{
			Administration: administration, Passwords: k.Passwords, Checks: s.Checks, Random: k.Random, Policy: s.SignUp,
		},
		AdminDeleteUser:         &usecase.AdminDeleteUser{Administration: administration},
		AdminEndSessions:        &usecase.AdminEndSessions{Administration: administration},
		AdminExportUser:         &usecase.AdminExportUser{Administration: administration},
		AdminGetUser:            &usecase.AdminGetUser{Administration: administration},
		AdminListSessions:       &usecase.AdminListSessions{Administration: administration},
		AdminListUsers:          &usecase.AdminListUsers{Administration: administration},
		AdminSetPassword:        &usecase.AdminSetPassword{Administration: administration, Passwords: k.Passwords, Checks: s.Checks},
		AdminUpdateUser:         &usecase.AdminUpdateUser{Administration: administration, Policy: s.SignUp},
		Authenticate:            &usecase.Authenticate{Tokens: k.Tokens},
		CheckElevation:          &usecase.CheckElevation{Store: k.Store, Policy: s.Elevation},
		ChangeUserEmail:         &usecase.ChangeUserEmail{Audit: audit, Store: k.Store, Tickets: tickets, SignUp: s.SignUp, Policy: s.SignIn},
		ChangeUserMFA:           &usecase.ChangeUserMFA{Store: k.Store, TOTP: authenticator, Policy: s.SignIn, Enabled: !s.MFAOff},
		ChangeUserPassword:      &usecase.ChangeUserPassword{Audit: audit, Store: k.Store, Passwords: k.Passwords, Checks: s.Checks, Clock: k.Clock, Policy: s.SignIn},
		CreatePAT:               &usecase.CreatePAT{Audit: audit, Store: k.Store, Clock: k.Clock, Random: k.Random, SignIn: s.SignIn, Policy: s.PAT},
		CreateRecoveryCodes:     &usecase.CreateRecoveryCodes{Store: k.Store, Random: k.Random, Factor: factor, Policy: s.SignIn},
		ElevateTOTP:             &usecase.ElevateTOTP{Store: k.Store, Factor: factor, Sessions: sessions, Policy: s.SignIn},
		VerifyChangeUserMFA:     &usecase.VerifyChangeUserMFA{Store: k.Store, Factor: factor, Policy: s.SignIn, Enabled: !s.MFAOff},
		VerifySignInMFATOTP:     &usecase.VerifySignInMFATOTP{Store: k.Store, Factor: factor, Sessions: sessions, Policy: s.SignIn},
		DeletePAT:               &usecase.DeletePAT{Audit: audit, Store: k.Store, Policy: s.SignIn},
		ElevateWebauthn:         &usecase.ElevateWebauthn{Ceremonies: ceremonies, Policy: s.SignIn},
		EndOtherSessions:        &usecase.EndOtherSessions{Audit: audit, Store: k.Store},
		EndSession:              &usecase.EndSession{Audit: audit, Store: k.Store},
		ListPATs:                &usecase.ListPATs{Store: k.Store, Policy: s.SignIn},
		ListSecurityKeys:        &usecase.ListSecurityKeys{Ceremonies: ceremonies, Policy: s.SignIn},
		ListSessions:            &usecase.ListSessions{Store: k.Store, Clock: k.Clock},
		SignInPAT:               &usecase.SignInPAT{Store: k.Store, Sessions: sessions, Policy: s.SignIn},
		DeanonymizeUser:         &usecase.DeanonymizeUser{Audit: audit, Store: k.Store, Passwords: k.Passwords, Checks: s.Checks, Tickets: tickets, SignUp: s.SignUp, Passwordless: s.Passwordless},
		GetJWKS:                 &usecase.GetJWKS{Keys: k.Tokens},
		GetReadiness:            &usecase.GetReadiness{Store: k.Store, Stopping: make(chan struct{})},
		GetProviderTokens:       &usecase.GetProviderTokens{Store: k.Store, Policy: s.SignIn},
		LinkIDToken:             &usecase.LinkIDToken{ProviderSignIn: arrive, IDTokens: s.IDTokens},
		ListProviders:           &usecase.ListProviders{Store: k.Store, Policy: s.SignIn},
		RefreshProviderToken:    &usecase.RefreshProviderToken{Store: k.Store, Providers: s.Providers, Policy: s.SignIn},
		RenewProviderTokens:     &usecase.RenewProviderTokens{Store: k.Store, Providers: s.Providers, Clock: k.Clock, AdminSecret: s.AdminSecret},
		SignInIDToken:           &usecase.SignInIDToken{ProviderSignIn: arrive, IDTokens: s.IDTokens},
		SignInProvider:          &usecase.SignInProvider{ProviderVisit: visit},
		SignInProviderCallback:  &usecase.SignInProviderCallback{ProviderSignIn: arrive, Providers: s.Providers, Redirects: s.SignUp.Redirects, ServerURL: ServerURL},
		SignUpIDToken:           &usecase.SignUpIDToken{ProviderSignIn: arrive, IDTokens: s.IDTokens},
		SignUpProvider:          &usecase.SignUpProvider{ProviderVisit: visit},
		UnlinkProvider:          &usecase.UnlinkProvider{Audit: audit, Store: k.Store, Policy: s.SignIn, WaysIn: s.waysIn()},
		GetUser:                 &usecase.GetUser{Store: k.Store, Policy: s.SignIn},
		RefreshToken:            &usecase.RefreshToken{Store: k.Store, Sessions: sessions, Policy: s.SignIn, Journal: k.Journal, Meter: k.Meter},
		RemoveSecurityKey:       &usecase.RemoveSecurityKey{Ceremonies: ceremonies, Policy: s.SignIn, WaysIn: s.waysIn()},
		RenameSecurityKey:       &usecase.RenameSecurityKey{Ceremonies: ceremonies, Policy: s.SignIn},
		SendPasswordResetEmail:  &usecase.SendPasswordResetEmail{Store: k.Store, Tickets: tickets, SignUp: s.SignUp, Policy: s.SignIn},
		SendVerificationEmail:   &usecase.SendVerificationEmail{Store: k.Store, Tickets: tickets, SignUp: s.SignUp, Policy: s.SignIn, Conceal: s.Conceal},
		SignInAnonymous:         &usecase.SignInAnonymous{Store: k.Store, Random: k.Random, Sessions: sessions, Policy: s.SignUp},
		SignInEmailPassword:     &usecase.SignInEmailPassword{Store: k.Store, Passwords: k.Passwords, Sessions: sessions, Policy: s.SignIn},
		SignInOTPEmail:          &usecase.SignInOTPEmail{EmailSignIn: byCode},
		SignInPasswordlessEmail: &usecase.SignInPasswordlessEmail{EmailSignIn: byLink},
		SignInWebauthn:          &usecase.SignInWebauthn{Ceremonies: ceremonies, Policy: s.SignIn, Conceal: s.Conceal, Decoys: domain.DecoyKey{1}},
		SignInPasswordlessSMS:   &usecase.SignInPasswordlessSMS{SMSSignIn: bySMS},
		SignUpPasswordlessSMS:   &usecase.SignUpPasswordlessSMS{SMSSignIn: bySMS},
		VerifySignInPasswordlessSMS: &usecase.VerifySignInPasswordlessSMS{
			Store: k.Store, Numbers: phone.Numbers{}, Verifier: k.Phones, Passwords: k.Passwords, Tickets: tickets, Sessions: sessions, Policy: s.SignIn,
			Enabled: s.SMS, GatewayCodes: s.GatewayCodes,
		},
		SignOut: &usecase.SignOut{Audit: audit, Store: k.Store, Key: key},
		SignUpEmailPassword: &usecase.SignUpEmailPassword{
			Store: k.Store, Passwords: k.Passwords, Random: k.Random, Sessions: sessions, Policy: s.SignUp, Checks: s.Checks, Tickets: tickets,
		},
		SignUpOTPEmail:          &usecase.SignUpOTPEmail{EmailSignIn: byCode},
		SignUpPasswordlessEmail: &usecase.SignUpPasswordlessEmail{EmailSignIn: byLink},
		SignUpWebauthn:          &usecase.SignUpWebauthn{Ceremonies: ceremonies, Random: k.Random, Policy: s.SignUp},
		TokenExchange:           &usecase.TokenExchange{Store: k.Store, Sessions: sessions, Policy: s.SignIn},
		VerifyAddSecurityKey:    &usecase.VerifyAddSecurityKey{Ceremonies: ceremonies, Random: k.Random, Policy: s.SignIn},
		VerifyElevateWebauthn:   &usecase.VerifyElevateWebauthn{Ceremonies: ceremonies, Sessions: sessions, Policy: s.SignIn},
		VerifySignInOTPEmail:    &usecase.VerifySignInOTPEmail{Store: k.Store, Tickets: tickets, Sessions: sessions, Policy: s.SignIn},
		VerifySignInWebauthn:    &usecase.VerifySignInWebauthn{Ceremonies: ceremonies, Sessions: sessions, Policy: s.SignIn},
		VerifySignUpWebauthn: &usecase.VerifySignUpWebauthn{
			Ceremonies: ceremonies, Random: k.Random, Enrolment: usecase.Enrolment{Store: k.Store, Sessions: sessions, Policy: s.SignUp, Tickets: tickets},
		},
		VerifyTicket: &usecase.VerifyTicket{Store: k.Store, Random: k.Random, Sessions: sessions, Policy: s.SignIn, Redirects: s.SignUp.Redirects},
		VerifyToken:  &usecase.VerifyToken{Tokens: k.Tokens, Store: k.Store, Policy: s.SignIn},
	}
}

// Mails sends what is due and returns everything that was sent so far, oldest first.
func (k *Kit) Mails() []domain.Mail {
	k.t.Helper()
	for {
		n, err := k.Deliver.Do(context.Background())
		require.NoError(k.t, err)
		if n == 0 {
			return k.Mailbox.Mails()
		}
	}
}

// LastMail sends what is due and returns the newest mail.
func (k *Kit) LastMail() domain.Mail {
	k.t.Helper()
	mails := k.Mails()
	require.NotEmpty(k.t, mails)
	return mails[len(mails)-1]
}

// SignUp creates an account with the address and Password.
func (k *Kit) SignUp(email domain.Email) usecase.Session {
	k.t.Helper()
	session, err := k.UseCases.SignUpEmailPassword.Do(context.Background(), usecase.SignUpEmailPasswordInput{Email: email, Password: Password})
	require.NoError(k.t, err)
	require.NotNil(k.t, session)
	return *session
}

// SignUpWithoutSession creates an account, with the address and Password, whose address must be verified first.
func (k *Kit) SignUpWithoutSession(email domain.Email) {
	k.t.Helper()
	session, err := k.UseCases.SignUpEmailPassword.Do(context.Background(), usecase.SignUpEmailPasswordInput{Email: email, Password: Password})
	require.NoError(k.t, err)
	require.Nil(k.t, session)
}

// SignIn signs a user without a second factor in with an address and a password.
func (k *Kit) SignIn(email domain.Email, password string) (usecase.Session, error) {
	k.t.Helper()
	return k.Only(k.UseCases.SignInEmailPassword.Do(context.Background(), usecase.SignInEmailPasswordInput{Email: email, Password: password}))
}

// Only returns the session of a sign-in that asks for no second factor.
func (k *Kit) Only(signedIn usecase.SignedIn, err error) (usecase.Session, error) {
	k.t.Helper()
	if err != nil {
		require.Equal(k.t, usecase.SignedIn{}, signedIn)
		return usecase.Session{}, err
	}
	require.Empty(k.t, signedIn.MFATicket)
	return *signedIn.Session, nil
}

// Refresh presents a refresh token.
func (k *Kit) Refresh(token domain.RefreshToken) (usecase.Session, error) {
	return k.UseCases.RefreshToken.Do(context.Background(), token)
}

// MustRefresh presents a refresh token that is good.
func (k *Kit) MustRefresh(token domain.RefreshToken) usecase.Session {
	k.t.Helper()
	session, err := k.Refresh(token)
	require.NoError(k.t, err)
	return session
}

// Exec changes the database behind the product's back, as an operator would.
func (k *Kit) Exec(statement string) {
	k.t.Helper()
	db, _ := k.Store.Migrations()
	_, err := db.ExecContext(context.Background(), statement)
	require.NoError(k.t, err)
}

// ExecWith is Exec with arguments for $1, $2 …
func (k *Kit) ExecWith(statement string, args ...any) {
	k.t.Helper()
	db, _ := k.Store.Migrations()
	_, err := db.ExecContext(context.Background(), statement, args...)
	require.NoError(k.t, err)
}

// Count returns the number that a query yields.
func (k *Kit) Count(query string) int {
	k.t.Helper()
	db, _ := k.Store.Migrations()
	var n int
	require.NoError(k.t, db.QueryRowContext(context.Background(), query).Scan(&n))
	return n
}

// waysIn says what opens an account under these settings.
func (s Settings) waysIn() domain.WaysInPolicy {
	return domain.WaysInPolicy{
		Mail: s.Passwordless || s.OTP, SMS: s.SMS, SecurityKeys: !s.WebAuthnOff,
		Providers: func(name string) bool {
			_, byRedirect := s.Providers[name]
			_, byToken := s.IDTokens[name]
			return byRedirect || byToken
		},
	}
}
