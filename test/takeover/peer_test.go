package takeover

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/hexauth/hexauth/test/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	password      = "correct horse battery"
	encryptionKey = "6f1d5a0c9e83b2477d10f4c8a95be36214c07fd9386be1520a9d4e7cb3f82165"
	jwtKey        = "a key of thirty-two characters or more, shared with Hasura"
)

// Versions in which something came that the rows have to look like.
const (
	withMetadata = 2
	withKeys     = 6  // security keys, in a table that was called user_authenticators
	withKeyNames = 7  // their nicknames
	withKeyTable = 9  // the name of their table
	withPATs     = 13 // refresh tokens have a type
	withHashes   = 15 // and an id beside their hash
	withGo       = 18 // rewritten in Go
	encrypting   = 22 // secrets are encrypted
	newest       = 22
)

// era is the state of a database, and of the server that ran on it.
type era struct {
	version    int
	typescript bool // bookkeeping in auth.migrations
}

func (e era) String() string {
	if e.typescript {
		return fmt.Sprintf("version %d of the TypeScript server", e.version)
	}
	return fmt.Sprintf("version %d", e.version)
}

// eras are those that deployments are found in. The first releases in Go took databases of the TypeScript server over at 11 to 17.
func eras() []era {
	return []era{{11, true}, {17, true}, {11, false}, {15, false}, {18, false}, {22, false}}
}

// peer is a hasura-auth server as far as its rows go: it writes and reads them as that server does.
type peer struct {
	t   testing.TB
	db  *sql.DB
	url string
	era era
}

// newPeer builds an empty database of that era.
func newPeer(t testing.TB, e era) *peer {
	t.Helper()
	p := &peer{t: t, url: pgtest.Database(t), era: e}
	var err error
	p.db, err = sql.Open("pgx", p.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.db.Close()) })
	for n := 1; n <= e.version; n++ {
		files, err := filepath.Glob(fmt.Sprintf("../../migrations/postgres/%05d_*.sql", n))
		require.NoError(t, err)
		require.Len(t, files, 1)
		text, err := os.ReadFile(files[0])
		require.NoError(t, err)
		p.exec(string(text))
	}
	if e.typescript {
		p.exec(`DROP TABLE auth.schema_migrations`)
		p.exec(`CREATE TABLE auth.migrations (id integer PRIMARY KEY, name varchar(100) UNIQUE NOT NULL, hash varchar(40) NOT NULL,
			executed_at timestamp DEFAULT current_timestamp)`)
		p.exec(`INSERT INTO auth.migrations (id, name, hash) SELECT n, 'name-' || n, 'hash-' || n FROM generate_series(0, $1::integer) n`, e.version)
	} else {
		p.exec(`INSERT INTO auth.schema_migrations (version, dirty) VALUES ($1, false)`, e.version)
	}
	p.exec(`INSERT INTO auth.roles (role) VALUES ('editor')`) // the application's own
	return p
}

func (p *peer) exec(query string, args ...any) {
	p.t.Helper()
	_, err := p.db.ExecContext(p.t.Context(), query, args...)
	require.NoError(p.t, err, query)
}

// get reads one row, whose columns are text or NULL, which comes as "".
func (p *peer) get(query string, args ...any) []string {
	p.t.Helper()
	rows := p.all(query, args...)
	require.Len(p.t, rows, 1, query)
	return rows[0]
}

// all reads rows of text.
func (p *peer) all(query string, args ...any) (list [][]string) {
	p.t.Helper()
	rows, err := p.db.QueryContext(p.t.Context(), query, args...)
	require.NoError(p.t, err, query)
	defer func() { require.NoError(p.t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(p.t, err)
	for rows.Next() {
		cells, fields := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			fields[i] = &cells[i]
		}
		require.NoError(p.t, rows.Scan(fields...))
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = c.String
		}
		list = append(list, texts)
	}
	require.NoError(p.t, rows.Err())
	return list
}

// account is a row of auth.users with its roles. Zero values are those of somebody who has signed up with an address and no more.
type account struct {
	email     string // "" for NULL
	phone     string
	hash      string // of the password; "" for NULL
	role      string // the default one; "" for user
	roles     []string
	metadata  string // "" for NULL
	locale    string // "" for en
	name      string
	disabled  bool
	anonymous bool
	rowless   bool // no rows in auth.user_roles
	pending   bool // the address is not verified yet
}

// add inserts the account and returns its id.
func (p *peer) add(a account) string {
	p.t.Helper()
	id := uuid.NewString()
	role := orElse(a.role, "user")
	p.exec(`INSERT INTO auth.users (id, email, phone_number, password_hash, default_role, locale, display_name, disabled, is_anonymous, email_verified,
			phone_number_verified, last_seen, avatar_url)
		VALUES ($1, nullif($2, ''), nullif($3, ''), nullif($4, ''), $5, $6, $7, $8, $9, $10, $11, now(), 'https://s.gravatar.com/avatar/1?r=g')`,
		id, a.email, a.phone, a.hash, role, orElse(a.locale, "en"), a.name, a.disabled, a.anonymous, a.email != "" && !a.pending, a.phone != "")
	if a.metadata != "" && p.era.version >= withMetadata {
		p.exec(`UPDATE auth.users SET metadata = $2 WHERE id = $1`, id, a.metadata)
	}
	if a.roles == nil && !a.rowless {
		a.roles = []string{role, "me"}
		if a.anonymous {
			a.roles = []string{role}
		}
	}
	for _, r := range a.roles {
		p.exec(`INSERT INTO auth.user_roles (user_id, role) VALUES ($1, $2)`, id, r)
	}
	if p.era.version >= withGo { // what the server in Go leaves beside: the hash of no code
		p.exec(`UPDATE auth.users SET otp_hash = public.crypt('', public.gen_salt('bf')) WHERE id = $1 AND email IS NOT NULL`, id)
	}
	return id
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// hashed is password as the server in Go hashes it; the one of Node writes the same with another prefix.
var hashed = sync.OnceValue(func() string {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 10)
	if err != nil {
		panic(err)
	}
	return string(hash)
})

func hashedByNode() string { return "$2b$" + strings.TrimPrefix(hashed(), "$2a$") }

// hashOf is what is kept of a refresh token: bytea as text.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return `\x` + hex.EncodeToString(sum[:])
}

// token gives a user a refresh token of that type, in the shape of the era. metadata "" is NULL.
func (p *peer) token(user, kind, metadata string, life time.Duration) string {
	p.t.Helper()
	token, ends := uuid.NewString(), time.Now().Add(life)
	switch {
	case p.era.version < withPATs: // the token is the key; its hash, from version 11 on, is generated
		p.exec(`INSERT INTO auth.refresh_tokens (refresh_token, user_id, expires_at) VALUES ($1, $2, $3)`, token, user, ends)
	case p.era.version < withHashes:
		p.exec(`INSERT INTO auth.refresh_tokens (refresh_token, user_id, expires_at, type, metadata) VALUES ($1, $2, $3, $4, nullif($5, '')::jsonb)`,
			token, user, ends, kind, metadata)
	default:
		p.exec(`INSERT INTO auth.refresh_tokens (refresh_token_hash, user_id, expires_at, type, metadata) VALUES ($1, $2, $3, $4, nullif($5, '')::jsonb)`,
			hashOf(token), user, ends, kind, metadata)
	}
	return token
}

// oldToken is a session from before version 15, which that server's own migration left with the token as its id.
func (p *peer) oldToken(user string) string {
	p.t.Helper()
	if p.era.version < withHashes {
		return p.token(user, "regular", "", time.Hour)
	}
	token := uuid.NewString()
	p.exec(`INSERT INTO auth.refresh_tokens (id, refresh_token_hash, user_id, expires_at, type) VALUES ($1, $2, $3, $4, 'regular')`,
		token, hashOf(token), user, time.Now().Add(time.Hour))
	return token
}

// accessToken signs what the server of the era would have: no session is named, and before version 22 no server.
func (p *peer) accessToken(user, server string) string {
	p.t.Helper()
	issuer := "hasura-auth"
	if p.era.version >= encrypting {
		issuer = server
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": user, "iss": issuer, "iat": time.Now().Unix(), "exp": time.Now().Add(15 * time.Minute).Unix(),
		"https://hasura.io/jwt/claims": map[string]any{
			"x-hasura-allowed-roles": []string{"user", "me"}, "x-hasura-default-role": "user", "x-hasura-user-id": user,
			"x-hasura-user-is-anonymous": "false",
		},
	}).SignedString([]byte(jwtKey))
	require.NoError(p.t, err)
	return text
}

// ticket gives a user a ticket or an e-mail code in the one place there is for either.
func (p *peer) ticket(user, ticket string, life time.Duration) string {
	p.t.Helper()
	p.exec(`UPDATE auth.users SET ticket = $2, ticket_expires_at = $3 WHERE id = $1`, user, ticket, time.Now().Add(life))
	return ticket
}

// smsCode gives a user a code that was sent to the phone.
func (p *peer) smsCode(user, code string) {
	p.t.Helper()
	p.exec(`UPDATE auth.users SET otp_hash = public.crypt($2, public.gen_salt('bf')), otp_hash_expires_at = now() + interval '5 minutes',
		otp_method_last_used = 'sms' WHERE id = $1`, user, code)
}

// totp switches the second factor on with that secret.
func (p *peer) totp(user, secret string) {
	p.t.Helper()
	if p.era.version >= encrypting {
		secret = encrypt(p.t, secret)
	}
	p.exec(`UPDATE auth.users SET totp_secret = $2, active_mfa_type = 'totp' WHERE id = $1`, user, secret)
}

// securityKey registers a key. The server in Go keeps neither counter nor transports.
func (p *peer) securityKey(user, credentialID string, publicKey []byte, counter int, transports, nickname string) {
	p.t.Helper()
	table := "user_authenticators"
	if p.era.version >= withKeyTable {
		table = "user_security_keys"
	}
	p.exec(`INSERT INTO auth.`+table+` (user_id, credential_id, credential_public_key, counter, transports) VALUES ($1, $2, $3, $4, $5)`,
		user, credentialID, publicKey, counter, transports)
	if p.era.version >= withKeyNames {
		p.exec(`UPDATE auth.`+table+` SET nickname = $2 WHERE credential_id = $1`, credentialID, nickname)
	}
}

// link links an account at a provider. access is what stands in access_token.
func (p *peer) link(user, provider, id, access string) {
	p.t.Helper()
	p.exec(`INSERT INTO auth.user_providers (user_id, provider_id, provider_user_id, access_token) VALUES ($1, $2, $3, $4)`, user, provider, id, access)
}

func aead() cipher.AEAD {
	key, err := hex.DecodeString(encryptionKey)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// encrypt returns the hex of nonce, ciphertext and tag.
func encrypt(t testing.TB, text string) string {
	t.Helper()
	nonce := make([]byte, 12)
	_, err := rand.Read(nonce)
	require.NoError(t, err)
	return hex.EncodeToString(aead().Seal(nonce, nonce, []byte(text), nil))
}

func decrypt(t testing.TB, sealed string) string {
	t.Helper()
	raw, err := hex.DecodeString(sealed)
	require.NoError(t, err)
	require.Greater(t, len(raw), 12)
	text, err := aead().Open(nil, raw[:12], raw[12:], nil)
	require.NoError(t, err)
	return string(text)
}
