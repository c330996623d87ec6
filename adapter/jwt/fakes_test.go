package jwt_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	jane   = domain.UserID("b7a6e6c0-3f7e-4a3b-9a58-1f0c9d2e4b11")
	joe    = domain.UserID("0c1e52f4-8c65-4ec8-8f5f-7f0f36d9a2aa")
	issuer = "https://auth.example.com/v1"
)

var bg = context.Background()

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// clock is a manual clock.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// vault is a cipher for tests: it encodes, and knows its own texts by its name.
type vault string

func (v vault) Encrypt(plain string) (string, error) {
	return string(v) + ":" + base64.StdEncoding.EncodeToString([]byte(plain)), nil
}

func (v vault) Decrypt(text string) (string, error) {
	encoded, ok := strings.CutPrefix(text, string(v)+":")
	if !ok {
		return "", errors.New("another key")
	}
	plain, err := base64.StdEncoding.DecodeString(encoded)
	return string(plain), err
}

// table keeps signing keys like the database does.
type table struct {
	mu     sync.Mutex
	keys   []domain.SigningKey
	lists  int
	broken error
}

func (s *table) List(ctx context.Context) ([]domain.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	return slices.Clone(s.keys), cmp.Or(s.broken, ctx.Err())
}

func (s *table) Add(_ context.Context, key domain.SigningKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	for _, k := range s.keys {
		if k.Generation == key.Generation {
			return port.ErrTaken
		}
	}
	s.keys = append(s.keys, key)
	slices.SortFunc(s.keys, func(a, b domain.SigningKey) int { return a.Generation - b.Generation })
	return nil
}

func (s *table) Remove(_ context.Context, generation int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = slices.DeleteFunc(s.keys, func(k domain.SigningKey) bool { return k.Generation == generation })
	return s.broken
}

func (s *table) breakDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

func (s *table) listed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}

func (s *table) generations() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []int
	for _, k := range s.keys {
		all = append(all, k.Generation)
	}
	return all
}

// logged is a log that tests can read while it is written.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func claims() domain.Claims {
	return domain.Claims{
		Subject: jane, IssuedAt: start(), ExpiresAt: start().Add(15 * time.Minute),
		AllowedRoles: []domain.Role{"user", "me"}, DefaultRole: "user",
	}
}

func newKey(t testing.TB, algorithm string) jwt.Key {
	t.Helper()
	k := jwt.Key{Algorithm: algorithm}
	var err error
	switch algorithm {
	case "RS256", "RS384", "RS512":
		k.Private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		k.Private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		k.Private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		k.Private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, k.Private, err = ed25519.GenerateKey(rand.Reader)
	default:
		k.HMAC = []byte(strings.Repeat("0123456789abcdef", 4))
	}
	require.NoError(t, err)
	return k
}

func newStatic(t testing.TB, k jwt.Key) (*jwt.Static, *clock) {
	t.Helper()
	c := &clock{now: start()}
	s, err := jwt.NewStatic(k, jwt.Options{Issuer: issuer, LegacyIssuers: []string{"hasura-auth"}, Clock: c})
	require.NoError(t, err)
	return s, c
}

func sign(t testing.TB, tokens port.AccessTokens, c domain.Claims) string {
	t.Helper()
	token, err := tokens.Sign(bg, c)
	require.NoError(t, err)
	return token
}

func requireRefused(t testing.TB, tokens port.AccessTokens, token string, note ...any) {
	t.Helper()
	got, err := tokens.Verify(bg, token)
	require.ErrorIs(t, err, domain.Unauthorized, note...)
	require.Equal(t, domain.Claims{}, got, note...)
	require.NotErrorIs(t, err, domain.Unavailable, note...)
}

type object = map[string]any

// decode returns header and payload of a token without believing them.
func decode(t testing.TB, token string) (header, payload object) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	for i, into := range []*object{&header, &payload} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
	}
	return header, payload
}

// payload is a good access token's, to be made worse by tests.
func payload(change func(p, hasura object)) object {
	hasura := object{
		"x-hasura-allowed-roles": []string{"user", "me"}, "x-hasura-default-role": "user",
		"x-hasura-user-id": jane, "x-hasura-user-is-anonymous": "false",
	}
	p := object{
		"sub": jane, "iss": issuer, "iat": start().Unix(), "exp": start().Unix() + 900, jwt.DefaultNamespace: hasura,
	}
	if change != nil {
		change(p, hasura)
	}
	return p
}

// forge writes a token by hand, in the way of RFC 7515, without any library.
func forge(t testing.TB, k jwt.Key, header, payload any) string {
	t.Helper()
	input := segment(t, header) + "." + segment(t, payload)
	return input + "." + base64.RawURLEncoding.EncodeToString(rawSign(t, k, input))
}

func segment(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(text)
}

func hashOf(algorithm string) crypto.Hash {
	return map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
}

func digest(h crypto.Hash, text string) []byte {
	w := h.New()
	w.Write([]byte(text))
	return w.Sum(nil)
}

func rawSign(t testing.TB, k jwt.Key, input string) []byte {
	t.Helper()
	h := hashOf(k.Algorithm)
	switch private := k.Private.(type) {
	case nil:
		mac := hmac.New(h.New, k.HMAC)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(input))
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(rand.Reader, private, h, digest(h, input))
		require.NoError(t, err)
		return signature
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest(h, input))
		require.NoError(t, err)
		size := (private.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	t.Fatal("unknown key")
	return nil
}

// rawVerify checks a signature with the standard library alone. key is the shared secret or the public key.
func rawVerify(algorithm string, key any, token string) error {
	cut := strings.LastIndexByte(token, '.')
	input := token[:cut]
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		return err
	}
	h, good := hashOf(algorithm), false
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(h.New, key)
		mac.Write([]byte(input))
		good = hmac.Equal(mac.Sum(nil), signature)
	case ed25519.PublicKey:
		good = ed25519.Verify(key, []byte(input), signature)
	case *rsa.PublicKey:
		good = rsa.VerifyPKCS1v15(key, h, digest(h, input), signature) == nil
	case *ecdsa.PublicKey:
		size := (key.Params().BitSize + 7) / 8
		good = len(signature) == 2*size && ecdsa.Verify(key, digest(h, input),
			new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	}
	if !good {
		return fmt.Errorf("signature is wrong for %T", key)
	}
	return nil
}

// publicFrom builds a public key from a published one, as a verifier elsewhere would.
func publicFrom(t testing.TB, k domain.JWK) any {
	t.Helper()
	number := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		return b
	}
	switch k.KeyType {
	case "RSA":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(number(k.N)), E: int(new(big.Int).SetBytes(number(k.E)).Int64())}
	case "EC":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Curve]
		key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, number(k.X), number(k.Y)))
		require.NoError(t, err)
		return key
	default:
		require.Equal(t, "Ed25519", k.Curve)
		return ed25519.PublicKey(number(k.X))
	}
}
