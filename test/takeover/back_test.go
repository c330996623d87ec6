package takeover

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/providers"
)

// offences are queries for rows that a hasura-auth server could not read, or would not have written.
func offences() map[string]string {
	return map[string]string{
		"a locale of another length":          `SELECT id FROM auth.users WHERE length(locale) NOT IN (2, 3)`,
		"an encrypted secret of another form": `SELECT id FROM auth.users WHERE length(totp_secret) >= 64 AND totp_secret !~ '^([0-9a-f]{2}){29,}$'`,
		"a second factor without a secret":    `SELECT id FROM auth.users WHERE active_mfa_type IS NOT NULL AND coalesce(totp_secret, '') = ''`,
		"a ticket of another form": `SELECT id FROM auth.users WHERE ticket <> ''
			AND ticket !~ '^((verifyEmail|passwordlessEmail|emailConfirmChange|passwordReset|mfaTotp):[0-9a-f-]{36}|[0-9]{6})$'`,
		"metadata that is no object":     `SELECT id FROM auth.users WHERE jsonb_typeof(metadata) NOT IN ('object', 'null')`,
		"a phone number without a plus":  `SELECT id FROM auth.users WHERE phone_number !~ '^\+'`,
		"an anonymous user with address": `SELECT id FROM auth.users WHERE is_anonymous AND (email IS NOT NULL OR default_role <> 'anonymous')`,
		"a token's hash of another form": `SELECT id FROM auth.refresh_tokens WHERE refresh_token_hash IS NULL OR refresh_token_hash !~ '^\\x[0-9a-f]{64}$'`,
		"a token in clear":               `SELECT id FROM auth.refresh_tokens WHERE refresh_token_hash = '\x' || encode(sha256(id::text::bytea), 'hex')`,
		"a token of an unknown type":     `SELECT id FROM auth.refresh_tokens WHERE type NOT IN ('regular', 'pat')`,
		"a key's id of another form":     `SELECT id FROM auth.user_security_keys WHERE credential_id !~ '^[A-Za-z0-9_-]+$' OR length(credential_public_key) < 32`,
		"a code's hash of another form":  `SELECT id FROM auth.pkce_authorization_codes WHERE (code_hash || code_challenge) !~ '^[A-Za-z0-9_-]{86}$'`,
	}
}

// readable demands that every row is one that a hasura-auth server can live with.
func (p *peer) readable() {
	p.t.Helper()
	for offence, query := range offences() {
		require.Empty(p.t, p.all(query), offence)
	}
}

// owned demands that every user has the rows that come with a sign-up.
func (p *peer) owned() {
	p.t.Helper()
	require.Empty(p.t, p.all(`SELECT id FROM auth.users u WHERE NOT EXISTS (SELECT FROM auth.user_roles r WHERE r.user_id = u.id AND r.role = u.default_role)`))
	require.Empty(p.t, p.all(`SELECT id FROM auth.users WHERE password_hash <> '' AND password_hash !~ '^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$'`))
}

// signsIn demands that the password is right, as that server checks it, and returns who it is.
func (p *peer) signsIn(email, given string) string {
	p.t.Helper()
	row := p.get(`SELECT id, password_hash, disabled, is_anonymous FROM auth.users WHERE email = $1`, email)
	require.Equal(p.t, []string{"false", "false"}, row[2:])
	require.NoError(p.t, bcrypt.CompareHashAndPassword([]byte(row[1]), []byte(given)))
	return row[0]
}

// refreshes rotates a refresh token as that server does: in place, by its hash.
func (p *peer) refreshes(token string) (user, successor string) {
	p.t.Helper()
	successor = uuid.NewString()
	row := p.get(`UPDATE auth.refresh_tokens SET refresh_token_hash = $2, expires_at = now() + interval '30 days'
		WHERE refresh_token_hash = $1 AND type = 'regular' AND expires_at > now() RETURNING user_id`, hashOf(token), hashOf(successor))
	return row[0], successor
}

// member is a user who came while hexauth ran, with everything that one can have.
type member struct {
	id, refresh, pat, secret, verifier, code string
	key                                      *authenticator.Key
}

// joins signs somebody up and sets everything up.
func (s *site) joins(email string) member {
	s.t.Helper()
	signedUp := s.post("/signup/email-password", "", object{"email": email, "password": password, "options": object{
		"displayName": "New", "locale": "en", "metadata": object{"plan": "gold"}, "allowedRoles": []string{"user", "editor"}, "defaultRole": "user",
	}}).session()
	m := member{
		id: signedUp.User.ID, refresh: s.refresh(signedUp.RefreshToken).session().RefreshToken,
		verifier: "a-verifier-of-forty-three-characters-or-more", key: authenticator.ES256(appURL, domain, email+s.world.url),
	}
	s.world.peer.exec(`UPDATE auth.users SET email_verified = true WHERE id = $1`, m.id) // otherwise the provider's word would wipe the account
	access := signedUp.AccessToken
	m.pat = s.post("/pat", access, object{"expiresAt": time.Now().Add(time.Hour), "metadata": object{"name": "ci"}}).ok().fields()["personalAccessToken"].(string)
	options := s.post("/user/webauthn/add", access, object{}).ok().body
	s.post("/user/webauthn/verify", access, object{"credential": json.RawMessage(m.key.Create([]byte(options))), "nickname": "blue"}).ok()
	s.withKey(m.key)
	linked := s.through("gitlab", providers.Person{ID: "77", Email: email, Attested: providers.Yes, Name: "New"}, url.Values{"codeChallenge": {digest(m.verifier)}})
	m.code = linked.Get("code")
	require.NotEmpty(s.t, m.code, linked)
	m.secret = s.get("/mfa/totp/generate", access).ok().fields()["totpSecret"].(string)
	s.post("/user/mfa", access, object{"code": appCode(s.t, m.secret), "activeMfaType": "totp"}).ok()
	return m
}

func TestGoingBack_HasuraAuthReadsWhatHexauthHasWritten(t *testing.T) {
	w := newWorld(t, era{version: newest})
	old := w.peer.add(account{email: "old@example.com", hash: hashedByNode()})
	s := w.start(t, "AUTH_PASSWORD_HASH", "bcrypt", "AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED", "false")
	require.Equal(t, old, s.signIn("old@example.com").session().User.ID)
	m := s.joins("new@example.com")
	anonymous := s.post("/signin/anonymous", "", object{}).session()
	s.post("/signin/passwordless/sms", "", object{"phoneNumber": "+4915123456781"}).ok()
	s.post("/signin/passwordless/sms/otp", "", object{"phoneNumber": "+4915123456781", "otp": w.gateway.code(t, "+4915123456781")}).session()
	require.Equal(t, 0, s.proc.Stop())

	p := w.peer
	p.readable()
	p.owned()
	require.Equal(t, schema(t), p.schema())
	require.Equal(t, []string{"22", "false"}, p.get(`SELECT version, dirty FROM auth.schema_migrations`))
	require.Equal(t, old, p.signsIn("old@example.com", password))
	require.Equal(t, m.id, p.signsIn("NEW@example.com", password))
	require.Equal(t, []string{"New", "en", "user", `{"plan": "gold"}`, "editor user"}, p.get(`SELECT display_name, locale, default_role, metadata,
		(SELECT string_agg(role, ' ' ORDER BY role) FROM auth.user_roles WHERE user_id = u.id) FROM auth.users u WHERE id = $1`, m.id))
	require.Equal(t, []string{m.id, `{"name": "ci"}`},
		p.get(`SELECT user_id, metadata FROM auth.refresh_tokens WHERE refresh_token_hash = $1 AND type = 'pat' AND expires_at > now()`, hashOf(m.pat)))
	totp := p.get(`SELECT active_mfa_type, totp_secret FROM auth.users WHERE id = $1`, m.id)
	require.Equal(t, []string{"totp", m.secret}, []string{totp[0], decrypt(t, totp[1])})
	require.Equal(t, []string{m.id, "blue", base64.StdEncoding.EncodeToString(m.key.PublicKey())},
		p.get(`SELECT user_id, nickname, translate(encode(credential_public_key, 'base64'), E'\n', '') FROM auth.user_security_keys WHERE credential_id = $1`,
			base64.RawURLEncoding.EncodeToString(m.key.ID)))
	link := p.get(`SELECT user_id, access_token FROM auth.user_providers WHERE provider_id = 'gitlab' AND provider_user_id = '77'`)
	var tokens struct {
		AccessToken, RefreshToken string
		ExpiresIn                 int
		ExpiresAt                 time.Time
	}
	require.NoError(t, json.Unmarshal([]byte(decrypt(t, link[1])), &tokens))
	require.Equal(t, m.id, link[0])
	require.NotEmpty(t, tokens.AccessToken)
	require.NotEmpty(t, tokens.RefreshToken)
	require.InDelta(t, 7200, tokens.ExpiresIn, 1)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), tokens.ExpiresAt, time.Minute)
	require.Equal(t, []string{m.id, digest(m.verifier)},
		p.get(`SELECT user_id, code_challenge FROM auth.pkce_authorization_codes WHERE code_hash = $1 AND expires_at > now()`, digest(m.code)))
	who, successor := p.refreshes(m.refresh)
	require.Equal(t, m.id, who)
	who, _ = p.refreshes(anonymous.RefreshToken)
	require.Equal(t, anonymous.User.ID, who)

	// Who changes again loses nothing of what happened in between.
	again := w.peer.add(account{email: "again@example.com", hash: hashed()})
	s = w.start(t)
	require.Equal(t, m.id, s.refresh(successor).session().User.ID)
	require.Equal(t, again, s.signIn("again@example.com").session().User.ID)
}

func TestGoingBack_PasswordsTurnBackIntoBcryptAsTheirOwnersSignIn(t *testing.T) {
	w := newWorld(t, era{version: newest})
	id := w.peer.add(account{email: "jane@example.com", hash: hashed()})
	for _, step := range []struct{ setting, form string }{{"argon2id", "$argon2id$"}, {"bcrypt", "$2a$10$"}} {
		s := w.start(t, "AUTH_PASSWORD_HASH", step.setting)
		s.signIn("jane@example.com").session()
		require.Equal(t, 0, s.proc.Stop())
		require.Contains(t, w.peer.get(`SELECT password_hash FROM auth.users WHERE id = $1`, id)[0], step.form)
	}
	require.Equal(t, id, w.peer.signsIn("jane@example.com", password))
}

// For the minutes of a change that nobody is to notice both servers run.
func TestBeside_BothServersServeTheSameUsers(t *testing.T) {
	w := newWorld(t, era{version: newest})
	id := w.peer.add(account{email: "jane@example.com", hash: hashed()})
	token := w.peer.token(id, "regular", "", time.Hour)
	s := w.start(t, "AUTH_PASSWORD_HASH", "bcrypt", "AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED", "false")
	var rows []string
	for range 3 { // a session goes from one to the other and back, and stays one
		got := s.refresh(token).session()
		rows = append(rows, got.ID)
		require.Equal(t, []string{id}, w.peer.get(`SELECT user_id FROM auth.refresh_tokens WHERE id = $1`, got.ID))
		_, token = w.peer.refreshes(got.RefreshToken)
	}
	require.Len(t, slices.Compact(rows), 1)
	require.Equal(t, id, w.peer.signsIn("jane@example.com", password))
	s.signIn("jane@example.com").session()
	require.Equal(t, id, w.peer.signsIn("jane@example.com", password))

	joined := s.post("/signup/email-password", "", object{"email": "joe@example.com", "password": password}).session().User.ID
	require.Equal(t, joined, w.peer.signsIn("joe@example.com", password))
	mailed := w.peer.ticket(joined, "passwordlessEmail:"+uuid.NewString(), time.Hour)
	require.Equal(t, joined, s.brings(s.opens(mailed)).User.ID)
	w.peer.readable()
}
