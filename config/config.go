package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DefaultClaimsNamespace is the claim below which Hasura and the JavaScript client look for roles and the user's id.
const DefaultClaimsNamespace = "https://hasura.io/jwt/claims"

const (
	sqliteScheme      = "sqlite://"
	databaseFile      = "hexauth.db"
	encryptionKeyFile = "encryption.key"
)

// Config is the whole configuration, complete and checked. It is never changed after Load; its slices are shared, so
// nobody may write to them. Printing or marshalling it reveals nothing: use Effective to show it.
//
// Tags: env is the variable's name; alias lists names that mean the same and come after it; envDefault and devDefault are
// the defaults outside and inside development mode; defaultText describes a default that is computed; group is stated by
// the first field of each group; secret is "true", or "url" where only the password in the value is secret.
type Config struct {
	// Host is the address to listen on, without a port and without brackets; "" means every address.
	Host string `env:"AUTH_HOST" devDefault:"127.0.0.1" defaultText:"every address" group:"Server" example:"10.0.0.5" doc:"Address or host name to listen on, without a port."`
	// Port is the TCP port to listen on; 0 lets the system choose one.
	Port int `env:"AUTH_PORT" envDefault:"4000" min:"0" max:"65535" doc:"TCP port to listen on. 0 takes any free port, which is useful in tests."`
	// APIPrefix is "" or a path with a leading and without a trailing slash.
	APIPrefix string `env:"AUTH_API_PREFIX" defaultText:"empty" example:"/v1" doc:"Path in front of every route. @nhost/nhost-js expects the public address to end in /v1: set it here, or let a proxy map it."`
	// ServerURL is this server's public base URL as given; join paths to it with url.JoinPath.
	ServerURL string `env:"AUTH_SERVER_URL" defaultText:"http://localhost:<port><prefix>" example:"https://auth.example.com/v1" doc:"Public base URL of this server, path included. It is the issuer of access tokens unless HASURA_GRAPHQL_JWT_SECRET names another one. Outside development it must be https, except on loopback hosts."`
	// ClientURL is the address of the app, the default target of redirects; it may be "" in production.
	ClientURL string `env:"AUTH_CLIENT_URL" devDefault:"http://localhost:3000" defaultText:"empty" example:"https://app.example.com" doc:"Address of your app: the default target of redirects, and always an allowed one. Outside development it must not be plain http, except on loopback hosts."`
	// MaxBodyBytes is the largest request body that is read.
	MaxBodyBytes int64 `env:"AUTH_MAX_BODY_BYTES" envDefault:"1048576" min:"1024" max:"1073741824" unit:"bytes" doc:"Largest request body. Larger ones are refused without being read."`
	// ConcealErrors replaces errors that tell something about an account by invalid-request.
	ConcealErrors bool `env:"AUTH_CONCEAL_ERRORS" envDefault:"false" doc:"Answer invalid-request instead of errors that tell something about an account."`
	// Debug logs at debug level.
	Debug bool `env:"AUTH_DEBUG" envDefault:"false" doc:"Log at debug level."`
	// ShutdownDelay is how long a server that was told to stop goes on serving.
	ShutdownDelay time.Duration `env:"AUTH_SHUTDOWN_DELAY" envDefault:"0s" min:"0s" max:"10m" example:"5s" doc:"How long a server that was told to stop goes on serving while /readyz answers 503, so that load balancers stop sending requests before it does. A little more than they need to notice."`
	// LogFormatText logs text lines instead of JSON.
	LogFormatText bool `env:"AUTH_LOG_FORMAT_TEXT" envDefault:"false" doc:"Log readable text lines instead of JSON."`

	// DatabaseURL is sqlite://path, sqlite://:memory: or a postgres:// or postgresql:// URL.
	DatabaseURL string `env:"AUTH_DATABASE_URL" alias:"POSTGRES_CONNECTION,HASURA_GRAPHQL_DATABASE_URL" secret:"url" group:"Database" defaultText:"required" devDefaultText:"sqlite://<data dir>/hexauth.db" example:"postgres://hexauth:password@db.example.com:5432/app" doc:"Where users are kept: sqlite://path for a file on this machine (sqlite:///absolute/path, sqlite://:memory: for tests), or postgres://user:password@host:port/database. Special characters in a password are percent-encoded."`
	// MigrationsURL is the PostgreSQL URL migrations use; it equals DatabaseURL unless it is configured.
	MigrationsURL string `env:"POSTGRES_MIGRATIONS_CONNECTION" secret:"url" defaultText:"the database URL" example:"postgres://owner:password@db.example.com:5432/app" doc:"PostgreSQL URL of a role that may create and alter tables, used by migrations only."`
	// Migrate lets serve bring the database up to date before it listens.
	Migrate bool `env:"AUTH_MIGRATE" envDefault:"true" doc:"Bring the database up to date at start. Any number of instances may start at once. With false, run \"hexauth migrate up\" yourself."`
	// DatabasePoolSize is the largest number of connections one instance opens.
	DatabasePoolSize int `env:"AUTH_DATABASE_POOL_SIZE" envDefault:"10" min:"2" max:"1000" unit:"connections" doc:"Largest number of connections one instance opens. Stay below the server's limit divided by the number of instances."`
	// DatabaseTimeout bounds one statement, waiting for a connection included.
	DatabaseTimeout time.Duration `env:"AUTH_DATABASE_TIMEOUT" envDefault:"5s" min:"1ms" max:"1h" example:"2500ms" doc:"Longest time for one statement, waiting for a connection included. Afterwards the client is told to retry."`
	// DatabasePreparedStatements prepares statements on PostgreSQL.
	DatabasePreparedStatements bool `env:"AUTH_DATABASE_PREPARED_STATEMENTS" envDefault:"true" doc:"Prepare statements on PostgreSQL. Set it to false behind a connection pooler that cannot keep prepared statements."`

	// EncryptionKey is an AES key of 16, 24 or 32 bytes; nil means that EncryptionKeyFile holds it.
	EncryptionKey []byte `env:"AUTH_ENCRYPTION_KEY" secret:"true" group:"Tokens and keys" defaultText:"required" devDefaultText:"kept in <data dir>/encryption.key" doc:"Key that encrypts signing keys and other secrets in the database: 16, 24 or 32 random bytes as hexadecimal digits, for example from \"openssl rand -hex 32\". Losing it makes what it encrypted unreadable."`
	// JWTSecret signs access tokens; nil means that signing keys live in the database.
	JWTSecret *JWTSecret `env:"HASURA_GRAPHQL_JWT_SECRET" secret:"true" defaultText:"keys kept in the database" example:"{\"type\":\"HS256\",\"key\":\"at least 32 random characters\"}" doc:"Key that signs access tokens, as a JSON object in Hasura's form; see below. Without it hexauth creates its own keys, keeps them encrypted in the database and publishes them as a JWKS."`
	// HasuraAdminSecret lets backends renew the providers' tokens of users; "" lets nobody.
	HasuraAdminSecret string `env:"HASURA_GRAPHQL_ADMIN_SECRET" secret:"true" doc:"Hasura's admin secret. It is sent to HASURA_GRAPHQL_GRAPHQL_URL, and lets a backend call POST /user/provider/tokens. Without it nobody may do that."`
	// SigningAlgorithm is the JWS algorithm of new keys in the database; it means nothing where JWTSecret is set.
	SigningAlgorithm string `env:"AUTH_SIGNING_ALGORITHM" envDefault:"ES256" enum:"ES256,ES384,ES512,EdDSA,RS256" doc:"Algorithm of signing keys that are created in the database. Without effect where HASURA_GRAPHQL_JWT_SECRET is set."`
	// AccessTokenExpiresIn is the life of an access token, in whole seconds.
	AccessTokenExpiresIn time.Duration `env:"AUTH_ACCESS_TOKEN_EXPIRES_IN" envDefault:"900" min:"1s" max:"87600h" unit:"seconds" doc:"Life of an access token."`
	// RefreshTokenExpiresIn is the life of a refresh token since its last use, in whole seconds.
	RefreshTokenExpiresIn time.Duration `env:"AUTH_REFRESH_TOKEN_EXPIRES_IN" envDefault:"2592000" min:"1s" max:"87600h" unit:"seconds" doc:"Life of a session without use: every refresh starts it anew."`
	// RefreshTokenGrace is how long an exchanged refresh token still answers with its successor; 0 never.
	RefreshTokenGrace time.Duration `env:"AUTH_REFRESH_TOKEN_GRACE" envDefault:"30s" min:"0s" max:"87600h" doc:"How long a refresh token that was already exchanged still returns the same successor, for two tabs and for lost answers. Later use ends the session. 0 switches the grace off."`

	// PATMaxExpiresIn is the longest life of a personal access token, in whole seconds; 0 for no limit.
	PATMaxExpiresIn time.Duration `env:"AUTH_PAT_MAX_EXPIRES_IN" envDefault:"0" min:"0s" max:"876000h" unit:"seconds" doc:"Longest life of a personal access token; 0 for no limit."`

	// GraphQLURL is Hasura's; "" for none.
	GraphQLURL string `env:"HASURA_GRAPHQL_GRAPHQL_URL" secret:"url" group:"Custom claims and Hasura" defaultText:"empty: no Hasura" example:"http://hasura:8080/v1/graphql" doc:"Address of Hasura's GraphQL. hexauth makes its tables known there, see hasura.md, and asks there for AUTH_JWT_CUSTOM_CLAIMS."`
	// HasuraMetadata makes the tables known to Hasura.
	HasuraMetadata bool `env:"AUTH_HASURA_METADATA" envDefault:"true" doc:"Track the tables and relationships of the schema auth in Hasura, under the names hasura-auth gives them. Without effect unless HASURA_GRAPHQL_GRAPHQL_URL is set."`
	// CustomClaims are found in Hasura; nil for none.
	CustomClaims CustomClaims `env:"AUTH_JWT_CUSTOM_CLAIMS" doc:"JSON object of claims and the paths that lead to them in Hasura, see custom-claims.md: {\"plan\":\"customer.plan\",\"team-ids\":\"teams[].id\"}. Needs HASURA_GRAPHQL_GRAPHQL_URL."`
	// CustomClaimsHookURL is the app's own answer to what claims are; "" for none.
	CustomClaimsHookURL string `env:"AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL" secret:"true" doc:"Address that answers POST with a JSON object of a user's claims, see custom-claims.md."`
	// CustomClaimsHookSecret is the key that questions are signed with; nil where there is no hook.
	CustomClaimsHookSecret HookSecret `env:"AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET" secret:"true" doc:"Key that questions to AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL are signed with: whsec_ and 24 to 64 random bytes in base64, for example from echo whsec_$(openssl rand -base64 32)."`
	// CustomClaimsSQL is the query for custom claims; "" for none.
	CustomClaimsSQL string `env:"AUTH_JWT_CUSTOM_CLAIMS_SQL" doc:"A query whose columns become claims, see custom-claims.md: one SELECT for PostgreSQL with $1 for the user's id, such as SELECT plan FROM customers WHERE user_id = $1. It can't change anything."`
	// CustomClaimsSQLURL is where it runs; it is set where CustomClaimsSQL is.
	CustomClaimsSQLURL string `env:"AUTH_JWT_CUSTOM_CLAIMS_SQL_URL" secret:"url" defaultText:"the database URL" doc:"PostgreSQL URL where that query runs, for a role that may only read, a replica, or another database."`
	// CustomClaimsSQLPoolSize is the largest number of connections for it.
	CustomClaimsSQLPoolSize int `env:"AUTH_JWT_CUSTOM_CLAIMS_SQL_POOL_SIZE" envDefault:"4" min:"1" max:"1000" unit:"connections" doc:"Largest number of connections one instance opens for that query, beside AUTH_DATABASE_POOL_SIZE."`
	// CustomClaimsDefaults are the claims' values where the app has none.
	CustomClaimsDefaults CustomClaimsDefaults `env:"AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS" doc:"JSON object of claims and the values they have where the app has none, such as {\"plan\":\"free\"}."`
	// CustomClaimsTimeout bounds one question.
	CustomClaimsTimeout time.Duration `env:"AUTH_JWT_CUSTOM_CLAIMS_TIMEOUT" envDefault:"2s" min:"10ms" max:"10s" doc:"Longest time for asking for the claims of a user."`
	// CustomClaimsCache is for how long an answer is used again.
	CustomClaimsCache time.Duration `env:"AUTH_JWT_CUSTOM_CLAIMS_CACHE" envDefault:"0s" min:"0s" max:"1h" example:"10s" doc:"How long each instance uses the claims of a user again. 0 asks for every token."`
	// CustomClaimsOnFailure says what becomes of tokens while there is no answer.
	CustomClaimsOnFailure string `env:"AUTH_JWT_CUSTOM_CLAIMS_ON_FAILURE" envDefault:"omit" enum:"omit,defaults,refuse" doc:"What becomes of tokens while claims can't be had: omit issues them without, defaults with the defaults, refuse not at all."`

	// WebAuthnEnabled allows sign-up, sign-in and elevation with passkeys and security keys.
	WebAuthnEnabled bool `env:"AUTH_WEBAUTHN_ENABLED" envDefault:"false" group:"Passkeys" doc:"Allow passkeys and security keys, see passkeys.md."`
	// WebAuthnRPID is the domain that keys are bound to; it is set where WebAuthnEnabled is.
	WebAuthnRPID string `env:"AUTH_WEBAUTHN_RP_ID" defaultText:"the host of AUTH_CLIENT_URL" example:"example.com" doc:"Domain that keys are bound to: that of your app, or one above it. Changing it makes all keys useless."`
	// WebAuthnRPName is what authenticators show; it is set where WebAuthnEnabled is.
	WebAuthnRPName string `env:"AUTH_WEBAUTHN_RP_NAME" defaultText:"AUTH_WEBAUTHN_RP_ID" example:"Example" doc:"Name of your app that authenticators show."`
	// WebAuthnRPOrigins are the origins of the app, the one of ClientURL among them where WebAuthnEnabled is.
	WebAuthnRPOrigins []string `env:"AUTH_WEBAUTHN_RP_ORIGINS" defaultText:"the origin of AUTH_CLIENT_URL" example:"https://app.example.com,android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck" doc:"Further origins of your app: scheme, host and port, compared exactly. That of AUTH_CLIENT_URL is added."`
	// WebAuthnTimeout is how long browsers wait for their users.
	WebAuthnTimeout int `env:"AUTH_WEBAUTHN_ATTESTATION_TIMEOUT" envDefault:"60000" min:"1000" max:"300000" unit:"milliseconds" doc:"How long browsers wait for their users to touch the key. The server takes an answer for five minutes."`

	// RequireElevatedClaim is a domain.ElevationMode.
	RequireElevatedClaim string `env:"AUTH_REQUIRE_ELEVATED_CLAIM" envDefault:"disabled" enum:"disabled,recommended,required" group:"Elevation and second factors" doc:"Who must prove themselves once more before sensitive operations, see elevation.md: nobody, users who have a security key, or everybody."`
	// ElevationMFA lets TOTP take part in elevation.
	ElevationMFA bool `env:"AUTH_REQUIRE_ELEVATED_CLAIM_MFA" envDefault:"false" doc:"Let TOTP take part in elevation: recommended then means users with active TOTP too, and switching TOTP on or off becomes a sensitive operation."`

	// MFAEnabled offers TOTP.
	MFAEnabled bool `env:"AUTH_MFA_ENABLED" envDefault:"false" doc:"Offer TOTP as a second factor. With false nobody can switch it on; users who have are still asked for their codes."`
	// MFATOTPIssuer stands in authenticator apps.
	MFATOTPIssuer string `env:"AUTH_MFA_TOTP_ISSUER" envDefault:"auth" example:"Example" doc:"Name under which authenticator apps show the account, without colons."`
	// MFAAllMethods asks for a second factor after all first factors.
	MFAAllMethods bool `env:"AUTH_MFA_ALL_METHODS" envDefault:"false" doc:"Ask users who have TOTP active for a code after links, one-time codes and providers, too, and not after passwords alone. See second-factors.md for what your app must know."`

	// DisableSignUp refuses every new account.
	DisableSignUp bool `env:"AUTH_DISABLE_SIGNUP" envDefault:"false" group:"Sign-up and users" doc:"Refuse every new account."`
	// DisableNewUsers creates accounts that are disabled until somebody enables them.
	DisableNewUsers bool `env:"AUTH_DISABLE_NEW_USERS" envDefault:"false" doc:"Create accounts disabled, so that somebody has to enable them."`
	// DisableAutoSignUp keeps sign-in endpoints from creating accounts.
	DisableAutoSignUp bool `env:"AUTH_DISABLE_AUTO_SIGNUP" envDefault:"false" doc:"Let the sign-in endpoints create no accounts; the sign-up endpoints still do."`
	// EmailPasswordlessEnabled allows sign-in by mailed links.
	EmailPasswordlessEnabled bool `env:"AUTH_EMAIL_PASSWORDLESS_ENABLED" envDefault:"false" doc:"Allow sign-in by a link that is mailed."`
	// OTPEmailEnabled allows sign-in by mailed codes.
	OTPEmailEnabled bool `env:"AUTH_OTP_EMAIL_ENABLED" envDefault:"false" doc:"Allow sign-in by a code that is mailed."`
	// AnonymousUsersEnabled allows sign-in without any credential.
	AnonymousUsersEnabled bool `env:"AUTH_ANONYMOUS_USERS_ENABLED" envDefault:"false" doc:"Allow anonymous sign-in."`
	// EmailVerifiedRequired refuses sessions to users whose address is not verified.
	EmailVerifiedRequired bool `env:"AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED" envDefault:"true" devDefault:"false" doc:"Give sessions only to users whose e-mail address is verified."`
	// DefaultRole is the default role of users who ask for none.
	DefaultRole string `env:"AUTH_USER_DEFAULT_ROLE" envDefault:"user" doc:"Default role of new users."`
	// AllowedRoles are the roles a client may ask for at sign-up, DefaultRole among them.
	AllowedRoles []string `env:"AUTH_USER_DEFAULT_ALLOWED_ROLES" envDefault:"me" example:"me,editor" doc:"Roles new users get, and may choose from. The default role is added."`
	// DefaultLocale is the locale of users who ask for none or for one that is not allowed.
	DefaultLocale string `env:"AUTH_LOCALE_DEFAULT" envDefault:"en" doc:"Locale of new users who ask for none, or for one that is not allowed: 2 or 3 letters."`
	// AllowedLocales are the locales a client may ask for, DefaultLocale among them.
	AllowedLocales []string `env:"AUTH_LOCALE_ALLOWED_LOCALES" envDefault:"en" example:"en,de,fr" doc:"Locales a user may have. The default locale is added."`
	// GravatarEnabled gives new users with an address the URL of their Gravatar picture.
	GravatarEnabled bool `env:"AUTH_GRAVATAR_ENABLED" envDefault:"true" doc:"Give new users with an e-mail address their Gravatar picture."`
	// GravatarDefault is Gravatar's answer for unknown addresses.
	GravatarDefault string `env:"AUTH_GRAVATAR_DEFAULT" envDefault:"blank" enum:"blank,identicon,monsterid,wavatar,retro,robohash,mp,404" doc:"Picture Gravatar shows for addresses it does not know."`
	// GravatarRating is the strongest rating of pictures to show.
	GravatarRating string `env:"AUTH_GRAVATAR_RATING" envDefault:"g" enum:"g,pg,r,x" doc:"Strongest rating of Gravatar pictures."`

	// PasswordMinLength counts bytes.
	PasswordMinLength int `env:"AUTH_PASSWORD_MIN_LENGTH" envDefault:"3" min:"0" max:"50" unit:"bytes" group:"Passwords" doc:"Shortest new password. Passwords have at least 3 and at most 50 characters in any case."`
	// PasswordHash is the algorithm of new hashes.
	PasswordHash string `env:"AUTH_PASSWORD_HASH" envDefault:"argon2id" enum:"argon2id,bcrypt" doc:"Algorithm of new password hashes. Both are always verified. bcrypt keeps a way back to hasura-auth."`
	// PasswordHashConcurrency is how many passwords are hashed at once; 0 lets the server choose.
	PasswordHashConcurrency int `env:"AUTH_PASSWORD_HASH_CONCURRENCY" envDefault:"0" min:"0" max:"1024" doc:"How many passwords are hashed at once; further ones queue. 0 chooses by the number of processors."`

	// HIBPEnabled refuses new passwords that are known to be breached.
	HIBPEnabled bool `env:"AUTH_PASSWORD_HIBP_ENABLED" envDefault:"false" doc:"Refuse new passwords that Have I Been Pwned knows. Only the first five digits of the password's SHA-1 leave this server."`
	// HIBPURL is the base URL of that service.
	HIBPURL string `env:"AUTH_PASSWORD_HIBP_URL" envDefault:"https://api.pwnedpasswords.com" doc:"Base URL of the breached passwords' service, for a mirror of your own."`
	// HIBPFailOpen lets passwords pass while the service can't be asked.
	HIBPFailOpen bool `env:"AUTH_PASSWORD_HIBP_FAIL_OPEN" envDefault:"false" doc:"Accept a password when the service can't be asked. Otherwise the request fails."`

	// SMTPHost is the mail server, "postmark" for Postmark's API, "" for none.
	SMTPHost string `env:"AUTH_SMTP_HOST" group:"Mail" defaultText:"empty: mails wait in the outbox" devDefaultText:"empty: mails are shown at /dev/mailbox" example:"smtp.example.com" doc:"Host name of the mail server, or postmark for Postmark's API."`
	// SMTPPort is the mail server's port.
	SMTPPort int `env:"AUTH_SMTP_PORT" envDefault:"587" min:"1" max:"65535" doc:"Port of the mail server."`
	// SMTPSecure speaks TLS from the first byte; otherwise STARTTLS is used when it is offered.
	SMTPSecure bool `env:"AUTH_SMTP_SECURE" envDefault:"false" doc:"Speak TLS from the first byte, as on port 465. Otherwise STARTTLS is used when the server offers it."`
	// SMTPUser signs in to the mail server; "" for a server that wants nobody.
	SMTPUser string `env:"AUTH_SMTP_USER" example:"hexauth" doc:"User name for the mail server. Without it there is no authentication."`
	// SMTPPassword is the user's password or Postmark's server token.
	SMTPPassword string `env:"AUTH_SMTP_PASS" secret:"true" doc:"Password for the mail server; with AUTH_SMTP_HOST=postmark, Postmark's server token."`
	// SMTPSender is the address mails come from, with or without a name.
	SMTPSender string `env:"AUTH_SMTP_SENDER" example:"Example <noreply@example.com>" doc:"Address mails come from, with or without a name. Required with AUTH_SMTP_HOST."`
	// SMTPAuthMethod is the SASL mechanism.
	SMTPAuthMethod string `env:"AUTH_SMTP_AUTH_METHOD" envDefault:"PLAIN" enum:"PLAIN,LOGIN,CRAM-MD5" doc:"How to authenticate. PLAIN and LOGIN are refused without TLS, except on loopback."`
	// SMTPAPIHeader is the value of an extra header X-SMTPAPI, "" for none.
	SMTPAPIHeader string `env:"AUTH_SMTP_X_SMTPAPI_HEADER" doc:"Value of the header X-SMTPAPI, which some providers read."`
	// EmailTemplatesPath is the folder of custom templates, "" for none.
	EmailTemplatesPath string `env:"AUTH_EMAIL_TEMPLATES_PATH" defaultText:"/app/email-templates where that exists" example:"/etc/hexauth/email-templates" doc:"Folder of your own templates, see mail-templates.md. What it lacks is taken from the built-in ones."`

	// SMSPasswordlessEnabled allows sign-in by codes that are sent to phones.
	SMSPasswordlessEnabled bool `env:"AUTH_SMS_PASSWORDLESS_ENABLED" envDefault:"false" group:"SMS" doc:"Allow sign-in by a code that is sent by SMS."`
	// SMSProvider is the gateway.
	SMSProvider string `env:"AUTH_SMS_PROVIDER" envDefault:"twilio" devDefault:"dev" enum:"twilio,modica,http,dev" doc:"Who sends SMS: Twilio, Modica, any gateway that takes JSON by POST (http), or nobody: dev shows them at /dev/mailbox, in development mode only."`
	// SMSTwilioAccountSID and the two after it are the account at Twilio.
	SMSTwilioAccountSID string `env:"AUTH_SMS_TWILIO_ACCOUNT_SID" example:"AC0123456789abcdef0123456789abcdef" doc:"Twilio: SID of the account."`
	SMSTwilioAuthToken  string `env:"AUTH_SMS_TWILIO_AUTH_TOKEN" secret:"true" doc:"Twilio: auth token of the account."`
	SMSTwilioServiceID  string `env:"AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID" example:"MG0123456789abcdef0123456789abcdef" doc:"Twilio: SID of a messaging service (MG…), or a sender (a number, a short code, a name). With the SID of a Verify service (VA…) Twilio makes, sends and checks the codes."`
	SMSTwilioURL        string `env:"AUTH_SMS_TWILIO_API_URL" defaultText:"Twilio's hosts" example:"https://twilio.example.com" doc:"Base URL of Twilio's APIs, for a proxy."`
	// SMSModicaUsername and the two after it are the account at Modica.
	SMSModicaUsername string `env:"AUTH_SMS_MODICA_USERNAME" example:"example" doc:"Modica: user name."`
	SMSModicaPassword string `env:"AUTH_SMS_MODICA_PASSWORD" secret:"true" doc:"Modica: password."`
	SMSModicaURL      string `env:"AUTH_SMS_MODICA_API_URL" envDefault:"https://api.modicagroup.com" doc:"Base URL of Modica's API."`
	// SMSHTTPURL and the two after it are a request to any gateway.
	SMSHTTPURL      string            `env:"AUTH_SMS_HTTP_URL" secret:"true" doc:"Gateway (http): URL that takes the POST, query included."`
	SMSHTTPHeaders  map[string]string `env:"AUTH_SMS_HTTP_HEADERS" secret:"true" doc:"Gateway (http): headers of the request, as a JSON object of strings such as {\"Authorization\":\"Bearer …\"}."`
	SMSHTTPTemplate string            `env:"AUTH_SMS_HTTP_TEMPLATE" envDefault:"{\"to\":\"${to}\",\"text\":\"${text}\"}" doc:"Gateway (http): JSON document to send, with ${to} and ${text} inside strings."`
	// SMSAllowedCountries are ISO 3166 codes in upper case; nil for all.
	SMSAllowedCountries []string `env:"AUTH_SMS_ALLOWED_COUNTRIES" example:"DE,AT,CH" defaultText:"all" doc:"Countries whose numbers get SMS: ISO 3166 codes."`
	// SMSTestNumbers are as given.
	SMSTestNumbers []string `env:"AUTH_SMS_TEST_PHONE_NUMBERS" example:"+12025550123" doc:"Numbers that are sent nothing: their codes are written to the log. For tests and for reviewers of app stores."`
	// SMSLimitNumber and the three after it cap the messages.
	SMSLimitNumber   int           `env:"AUTH_SMS_LIMIT_NUMBER" envDefault:"5" min:"0" max:"1000000" unit:"messages" doc:"Most SMS to one number in AUTH_SMS_LIMIT_INTERVAL; 0 for no limit."`
	SMSLimitCountry  int           `env:"AUTH_SMS_LIMIT_COUNTRY" envDefault:"200" min:"0" max:"100000000" unit:"messages" doc:"Most SMS to numbers of one country in AUTH_SMS_LIMIT_INTERVAL; 0 for no limit."`
	SMSLimitTotal    int           `env:"AUTH_SMS_LIMIT_TOTAL" envDefault:"500" min:"0" max:"100000000" unit:"messages" doc:"Most SMS altogether in AUTH_SMS_LIMIT_INTERVAL; 0 for no limit."`
	SMSLimitInterval time.Duration `env:"AUTH_SMS_LIMIT_INTERVAL" envDefault:"1h" min:"1s" max:"8760h" doc:"For how long SMS are counted before the count begins anew."`

	// AdminSecret guards the operations of administrators; "" switches them off.
	AdminSecret string `env:"AUTH_ADMIN_SECRET" secret:"true" defaultText:"empty: no administration by HTTP" group:"Access control" doc:"Secret for the operations below /admin, see administration.md: at least 32 characters, for example from \"openssl rand -hex 32\". Without it they are switched off; the commands of hexauth do not need it."`

	// AllowedRedirectURLs are the patterns as given; ClientURL is not among them.
	AllowedRedirectURLs []string `env:"AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS" example:"https://*.example.com,myapp://" doc:"Where redirectTo may point besides AUTH_CLIENT_URL. * matches within one part of the host or path, ** across parts."`
	// AllowedEmails, and the three lists after it, are lower-cased.
	AllowedEmails       []string `env:"AUTH_ACCESS_CONTROL_ALLOWED_EMAILS" example:"jane@example.com" doc:"Addresses that may sign up and in. When this or the list of allowed domains is set, all others may not."`
	AllowedEmailDomains []string `env:"AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS" example:"example.com,example.org" doc:"Domains whose addresses may sign up and in."`
	BlockedEmails       []string `env:"AUTH_ACCESS_CONTROL_BLOCKED_EMAILS" example:"mallory@example.com" doc:"Addresses that may not sign up or in. They win over every allowed list."`
	BlockedEmailDomains []string `env:"AUTH_ACCESS_CONTROL_BLOCKED_EMAIL_DOMAINS" example:"example.net" doc:"Domains whose addresses may not sign up or in, unless an address is allowed by name."`

	// TrustedProxies are networks and addresses; empty for none. domain.NewProxies accepts them.
	TrustedProxies []string `env:"AUTH_TRUSTED_PROXIES" group:"Limits" envDefault:"127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7" example:"10.0.0.0/8,2001:db8::/32" doc:"Networks of the proxies in front of this server. They alone are believed about addresses of clients, see limits.md. The default are loopback and private addresses; none trusts nobody."`
	// ProxyHeader is the header in which they name the client.
	ProxyHeader string `env:"AUTH_TRUSTED_PROXIES_HEADER" envDefault:"any" enum:"any,x-forwarded-for,forwarded" doc:"Header in which the proxies name the client. any reads X-Forwarded-For where it is present, and Forwarded otherwise. Name the one that your proxy writes if it lets the other pass."`
	// RateLimitEnabled limits how often a client may ask.
	RateLimitEnabled bool `env:"AUTH_RATE_LIMIT_ENABLE" envDefault:"false" doc:"Limit how often a client may ask, see limits.md."`
	// RateLimitGlobalBurst and RateLimitGlobalInterval limit all requests of a client.
	RateLimitGlobalBurst    int           `env:"AUTH_RATE_LIMIT_GLOBAL_BURST" envDefault:"100" min:"1" max:"1000000" unit:"requests" doc:"Requests of a client, of any kind."`
	RateLimitGlobalInterval time.Duration `env:"AUTH_RATE_LIMIT_GLOBAL_INTERVAL" envDefault:"1m" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitEmailBurst and RateLimitEmailInterval limit what sends mail.
	RateLimitEmailBurst    int           `env:"AUTH_RATE_LIMIT_EMAIL_BURST" envDefault:"10" min:"1" max:"1000000" unit:"requests" doc:"Requests of a client that send mail."`
	RateLimitEmailInterval time.Duration `env:"AUTH_RATE_LIMIT_EMAIL_INTERVAL" envDefault:"1h" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitEmailIsGlobal counts them for all clients together.
	RateLimitEmailIsGlobal bool `env:"AUTH_RATE_LIMIT_EMAIL_IS_GLOBAL" envDefault:"false" doc:"Count requests that send mail for all clients together."`
	// RateLimitSMSBurst and RateLimitSMSInterval limit what sends SMS.
	RateLimitSMSBurst    int           `env:"AUTH_RATE_LIMIT_SMS_BURST" envDefault:"10" min:"1" max:"1000000" unit:"requests" doc:"Requests of a client that send SMS."`
	RateLimitSMSInterval time.Duration `env:"AUTH_RATE_LIMIT_SMS_INTERVAL" envDefault:"1h" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitBruteForceBurst and RateLimitBruteForceInterval limit what can be guessed.
	RateLimitBruteForceBurst    int           `env:"AUTH_RATE_LIMIT_BRUTE_FORCE_BURST" envDefault:"10" min:"1" max:"1000000" unit:"requests" doc:"Requests of a client that present a secret that could be guessed: sign-ins, codes, second factors."`
	RateLimitBruteForceInterval time.Duration `env:"AUTH_RATE_LIMIT_BRUTE_FORCE_INTERVAL" envDefault:"5m" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitSignUpsBurst and RateLimitSignUpsInterval limit sign-ups.
	RateLimitSignUpsBurst    int           `env:"AUTH_RATE_LIMIT_SIGNUPS_BURST" envDefault:"10" min:"1" max:"1000000" unit:"requests" doc:"Sign-ups of a client."`
	RateLimitSignUpsInterval time.Duration `env:"AUTH_RATE_LIMIT_SIGNUPS_INTERVAL" envDefault:"5m" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitOAuth2ServerBurst and RateLimitOAuth2ServerInterval limit OAuth2 clients.
	RateLimitOAuth2ServerBurst    int           `env:"AUTH_RATE_LIMIT_OAUTH2_SERVER_BURST" envDefault:"100" min:"1" max:"1000000" unit:"requests" doc:"Requests of a client to the token and introspection endpoints for OAuth2 clients."`
	RateLimitOAuth2ServerInterval time.Duration `env:"AUTH_RATE_LIMIT_OAUTH2_SERVER_INTERVAL" envDefault:"5m" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitTokenVerifyBurst and RateLimitTokenVerifyInterval limit POST /token/verify.
	RateLimitTokenVerifyBurst    int           `env:"AUTH_RATE_LIMIT_TOKEN_VERIFY_BURST" envDefault:"1000" min:"1" max:"1000000" unit:"requests" doc:"Requests of a client to POST /token/verify, which count for nothing else."`
	RateLimitTokenVerifyInterval time.Duration `env:"AUTH_RATE_LIMIT_TOKEN_VERIFY_INTERVAL" envDefault:"1m" min:"1s" max:"720h" doc:"Time in which that many are allowed."`
	// RateLimitRedisURL is where instances count together; "" for the memory of each.
	RateLimitRedisURL string `env:"AUTH_RATE_LIMIT_REDIS_URL" secret:"url" defaultText:"empty: each instance counts for itself" example:"redis://:password@redis.example.com:6379/0" doc:"Redis or Valkey in which all instances count together: redis://user:password@host:port/database, or rediss:// with TLS."`
	// RateLimitRedisPrefix is in front of every key.
	RateLimitRedisPrefix string `env:"AUTH_RATE_LIMIT_REDIS_PREFIX" alias:"AUTH_RATE_LIMIT_MEMCACHE_PREFIX" defaultText:"empty" example:"hexauth:" doc:"Text in front of every key in Redis."`
	// MemcacheServer is not used; it is known so that its absence can be told.
	MemcacheServer string `env:"AUTH_RATE_LIMIT_MEMCACHE_SERVER" doc:"Not supported: use AUTH_RATE_LIMIT_REDIS_URL in its place."`

	// Providers are the identity providers that hexauth knows by name.
	Providers Providers `env:"-"`

	// CaptchaProvider is turnstile, hcaptcha or recaptcha.
	CaptchaProvider string `env:"AUTH_CAPTCHA_PROVIDER" envDefault:"turnstile" enum:"turnstile,hcaptcha,recaptcha" doc:"Whose captcha visitors solve, see limits.md. Nothing is asked for without AUTH_CAPTCHA_SECRET."`
	// CaptchaSecret is shared with the provider; "" for no captcha.
	CaptchaSecret string `env:"AUTH_CAPTCHA_SECRET" alias:"AUTH_TURNSTILE_SECRET" secret:"true" doc:"Secret key of the captcha. With it sign-ups, and whatever sends messages to anybody, need a solved captcha."`
	// CaptchaURL is the provider's siteverify; "" for its usual one.
	CaptchaURL string `env:"AUTH_CAPTCHA_URL" defaultText:"the provider's" example:"https://www.recaptcha.net/recaptcha/api/siteverify" doc:"URL at which answers to captchas are checked, for another host of the provider or a service of the same form."`
	// CaptchaTimeout bounds one check.
	CaptchaTimeout time.Duration `env:"AUTH_CAPTCHA_TIMEOUT" envDefault:"5s" min:"100ms" max:"30s" doc:"Longest time for checking an answer. Afterwards the request is refused for the moment."`
	// CaptchaMinScore is for reCAPTCHA version 3.
	CaptchaMinScore float64 `env:"AUTH_CAPTCHA_MIN_SCORE" envDefault:"0.5" min:"0" max:"1" doc:"Least score of reCAPTCHA version 3, where 0 is a robot. Other captchas have no score."`
	// CaptchaHostnames are where captchas may be solved; empty for everywhere.
	CaptchaHostnames []string `env:"AUTH_CAPTCHA_HOSTNAMES" example:"app.example.com" doc:"Host names of the pages on which captchas may be solved. Without them the provider's own settings count."`
	// CaptchaAction is what they must be solved for; "" for anything.
	CaptchaAction string `env:"AUTH_CAPTCHA_ACTION" example:"signup" doc:"Action that a captcha must be solved for, with Turnstile and reCAPTCHA version 3."`
	// CaptchaSendAddress tells the provider who asks.
	CaptchaSendAddress bool `env:"AUTH_CAPTCHA_SEND_ADDRESS" envDefault:"false" doc:"Tell the provider the address of the client."`

	// AuditRetention is how long events are kept; 0: not at all.
	AuditRetention time.Duration `env:"AUTH_AUDIT_RETENTION" group:"Audit log and webhooks" envDefault:"2160h" min:"0s" max:"87600h" doc:"How long the audit log in the database keeps an event, see audit.md. 0 keeps none and removes those that are there; the lines in the log stay."`
	// Webhooks are told of events.
	Webhooks Webhooks `env:"AUTH_WEBHOOKS" secret:"true" example:"[{\"url\":\"https://hooks.example.com/auth\",\"secret\":\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\",\"events\":[\"sign_in\",\"user.deleted\"]}]" doc:"Programs that are told of events, as a JSON list; webhooks.md describes its members."`
	// WebhooksPrivate lets them be inside.
	WebhooksPrivate bool `env:"AUTH_WEBHOOKS_ALLOW_PRIVATE" envDefault:"false" doc:"Let webhooks lead to addresses that are not public: this machine, the internal network. Development mode always does."`

	// MetricsAddr is the address, host:port, of /metrics; "" for none.
	MetricsAddr string `env:"AUTH_METRICS_ADDR" group:"Observability" defaultText:"empty: no metrics" example:"127.0.0.1:9464" doc:"Address of a listener of its own that answers GET /metrics for Prometheus, see observability.md. Whoever reaches it can read it: keep it inside."`
	// PprofAddr is the address, host:port, of Go's profiler; "" for none.
	PprofAddr string `env:"AUTH_PPROF_ADDR" defaultText:"empty: no profiler" example:"127.0.0.1:6060" doc:"Address of a listener of its own that answers Go's profiler at /debug/pprof/. Profiles of memory can hold secrets, so production takes loopback addresses only."`
	// OTelDisabled switches all of OpenTelemetry off.
	OTelDisabled bool `env:"OTEL_SDK_DISABLED" envDefault:"false" doc:"Send neither traces nor metrics by OpenTelemetry, whatever the other variables say."`
	// OTelTracesExporter is otlp or none; "" for otlp where there is an endpoint.
	OTelTracesExporter string `env:"OTEL_TRACES_EXPORTER" defaultText:"otlp with an endpoint, none without" doc:"How traces are sent: otlp or none."`
	// OTelMetricsExporter is otlp or none; "" for otlp where there is an endpoint.
	OTelMetricsExporter string `env:"OTEL_METRICS_EXPORTER" defaultText:"otlp with an endpoint, none without" doc:"How metrics are sent, besides AUTH_METRICS_ADDR: otlp or none."`
	// OTelEndpoint is the base URL of the collector.
	OTelEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" defaultText:"empty; http://localhost:4318 where an exporter is otlp" example:"http://otel-collector:4318" doc:"Base URL of the collector, for OTLP over HTTP; /v1/traces and /v1/metrics are added."`
	// OTelTracesEndpoint is the complete URL for traces.
	OTelTracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" defaultText:"the collector's" example:"https://traces.example.com/v1/traces" doc:"Complete URL that takes traces."`
	// OTelMetricsEndpoint is the complete URL for metrics.
	OTelMetricsEndpoint string `env:"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" defaultText:"the collector's" example:"https://metrics.example.com/v1/metrics" doc:"Complete URL that takes metrics."`
	// OTelProtocol is http/protobuf.
	OTelProtocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf" enum:"http/protobuf" doc:"Protocol of the collector. gRPC is not built in: it would double what telemetry costs, and every collector takes HTTP, usually at port 4318."`
	// OTelHeaders are key=value pairs.
	OTelHeaders string `env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"true" example:"api-key=…" doc:"Headers of every request to the collector: key=value,key=value, percent-encoded."`
	// OTelServiceName names this service.
	OTelServiceName string `env:"OTEL_SERVICE_NAME" defaultText:"hexauth" doc:"Name of this service in traces and metrics."`
	// OTelResourceAttributes are key=value pairs.
	OTelResourceAttributes string `env:"OTEL_RESOURCE_ATTRIBUTES" example:"deployment.environment.name=production" doc:"Attributes of everything that is sent: key=value,key=value, percent-encoded."`
	// OTelSampler decides which traces are kept.
	OTelSampler string `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_always_on" enum:"always_on,always_off,traceidratio,parentbased_always_on,parentbased_always_off,parentbased_traceidratio" doc:"Which traces are kept. Those that begin with parentbased follow what a trusted proxy decided, where there is one."`
	// OTelSamplerRatio is the share that a traceidratio sampler keeps.
	OTelSamplerRatio float64 `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1" min:"0" max:"1" doc:"Share of the traces that a traceidratio sampler keeps."`
	// OTelInterval is the time between two exports of metrics, in milliseconds.
	OTelInterval int `env:"OTEL_METRIC_EXPORT_INTERVAL" envDefault:"60000" min:"1000" max:"3600000" unit:"milliseconds" doc:"Time between two exports of metrics."`

	// OIDCProviders are OpenID issuers.
	OIDCProviders OIDCProviders `env:"AUTH_OIDC_PROVIDERS" secret:"true" group:"OpenID providers" example:"[{\"name\":\"corp\",\"issuer\":\"https://id.example.com\",\"clientId\":\"hexauth\",\"clientSecret\":\"…\"}]" doc:"OpenID issuers through which users may come in, as a JSON list; openid-providers.md describes its members."`

	// Development tells the mode, forced or found out.
	Development bool `env:"AUTH_DEV_MODE" group:"Modes" defaultText:"true when neither a database nor HASURA_GRAPHQL_JWT_SECRET is configured" example:"true" doc:"Forces development mode (true) or production (false)."`
	// DataDir is where files are kept in development mode.
	DataDir string `env:"AUTH_DATA_DIR" envDefault:"./data" example:"/var/lib/hexauth" doc:"Directory for the embedded database and the generated encryption key of development mode."`

	// EncryptionKeyFile is where the caller finds or creates the encryption key (hexadecimal digits); it is set exactly when
	// EncryptionKey is nil, which only happens in development mode.
	EncryptionKeyFile string
	// Warnings are sentences for the operator, each starting with a variable name. None contains a secret.
	Warnings []string
	// Ignored are names of AUTH_… and HASURA_GRAPHQL_… variables that are set but mean nothing to this version, sorted.
	Ignored []string

	settings []Setting
}

// Issuer is the iss claim of access tokens: the secret's issuer if it names one, ServerURL otherwise.
func (c Config) Issuer() string {
	if c.JWTSecret != nil && c.JWTSecret.Issuer != "" {
		return c.JWTSecret.Issuer
	}
	return c.ServerURL
}

// ClaimsNamespace is the claim that holds roles and user id.
func (c Config) ClaimsNamespace() string {
	if c.JWTSecret != nil {
		return c.JWTSecret.ClaimsNamespace
	}
	return DefaultClaimsNamespace
}

// Postmark tells whether mails leave through Postmark's API.
func (c Config) Postmark() bool { return c.SMTPHost == postmarkHost }

// Traces is the URL that takes traces, "" when none are sent.
func (c Config) Traces() string {
	return c.exportTo(c.OTelTracesExporter, c.OTelTracesEndpoint, "traces")
}

// Metrics is the URL that takes metrics, "" when none are sent.
func (c Config) Metrics() string {
	return c.exportTo(c.OTelMetricsExporter, c.OTelMetricsEndpoint, "metrics")
}

// otelDefaultEndpoint is the specification's (OTLP exporter configuration).
const otelDefaultEndpoint = "http://localhost:4318"

func (c Config) exportTo(exporter, endpoint, signal string) string {
	configured := endpoint != "" || c.OTelEndpoint != "" || exporter == "otlp"
	switch {
	case c.OTelDisabled || exporter == "none" || !configured:
		return ""
	case endpoint != "":
		return endpoint
	}
	return strings.TrimSuffix(cmp.Or(c.OTelEndpoint, otelDefaultEndpoint), "/") + "/v1/" + signal
}

// SQLitePath returns the file of a SQLite database, ":memory:" for one in memory; ok is false for PostgreSQL.
func (c Config) SQLitePath() (path string, ok bool) {
	return strings.CutPrefix(c.DatabaseURL, sqliteScheme)
}

// Effective lists every variable with the value in force, in the order of Variables. Secrets are shown as ********.
func (c Config) Effective() []Setting { return slices.Clone(c.settings) }

// Format keeps secrets out of anything printed with the fmt package, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("config.Config(hidden)")) }

// MarshalJSON keeps secrets out of JSON, structured logs included.
func (c Config) MarshalJSON() ([]byte, error) { return []byte(`"config.Config(hidden)"`), nil }

func (c Config) inDataDir(file string) string { return filepath.Join(c.DataDir, file) }
