package jwt_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
)

const lifetime = 20 * time.Minute // 15 minutes of an access token and a margin

func maker() jwt.Maker { return jwt.Maker{Cipher: vault("v"), Random: rand.Reader} }

// newKeyring returns an instance's keyring, not loaded yet.
func newKeyring(t testing.TB, keys *table, c *clock) *jwt.Keyring {
	t.Helper()
	r, err := jwt.NewKeyring(keys, vault("v"), jwt.Options{Issuer: issuer, Clock: c},
		jwt.KeyringOptions{Lifetime: lifetime, Maker: maker(), Log: quiet()})
	require.NoError(t, err)
	return r
}

func loaded(t testing.TB, keys *table, c *clock) *jwt.Keyring {
	t.Helper()
	r := newKeyring(t, keys, c)
	require.NoError(t, r.Load(bg))
	return r
}

// rotate adds the next generation, as the command does, and returns its kid.
func rotate(t testing.TB, keys *table, algorithm string, activate time.Time) string {
	t.Helper()
	key, err := maker().Make(algorithm)
	require.NoError(t, err)
	list, err := keys.List(bg)
	require.NoError(t, err)
	key.Generation, key.CreatedAt, key.ActivateAt = len(list)+1, activate, activate
	require.NoError(t, keys.Add(bg, key))
	return key.ID
}

func kids(t testing.TB, r *jwt.Keyring) []string {
	t.Helper()
	jwks, maxAge, err := r.JWKS(bg)
	require.NoError(t, err)
	require.Equal(t, 60*time.Second, maxAge)
	all := []string{}
	for _, k := range jwks {
		all = append(all, k.KeyID)
	}
	return all
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	header, _ := decode(t, token)
	kid, _ := header["kid"].(string)
	return kid
}

func requireGood(t testing.TB, r *jwt.Keyring, token string) {
	t.Helper()
	_, err := r.Verify(bg, token)
	require.NoError(t, err)
}

// at returns claims of a token that is issued now.
func at(c *clock) domain.Claims {
	cl := claims()
	cl.IssuedAt, cl.ExpiresAt = c.Now(), c.Now().Add(15*time.Minute)
	return cl
}

func TestKeyring_CreatesTheFirstKeyItself(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	require.Len(t, keys.keys, 1)
	key := keys.keys[0]
	require.Equal(t, domain.SigningKey{
		Generation: 1, ID: key.ID, Algorithm: "ES256", PrivateKey: key.PrivateKey, PublicKey: key.PublicKey,
		CreatedAt: start(), ActivateAt: start(),
	}, key)
	require.NotContains(t, key.PrivateKey, "BEGIN")

	token := sign(t, r, claims())
	header, _ := decode(t, token)
	require.Equal(t, object{"alg": "ES256", "typ": "JWT", "kid": key.ID}, header)
	got, err := r.Verify(bg, token)
	require.NoError(t, err)
	require.Equal(t, claims(), got)
	jwks, _, err := r.JWKS(bg)
	require.NoError(t, err)
	require.NoError(t, rawVerify("ES256", publicFrom(t, jwks[0]), token))
}

func TestKeyring_RestartsWithTheSameKey(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	token := sign(t, loaded(t, keys, c), claims())
	requireGood(t, loaded(t, keys, c), token)
	require.Equal(t, []int{1}, keys.generations())
}

func TestKeyring_TenInstancesStartingAtOnceCreateOneKey(t *testing.T) {
	for range 20 {
		keys := &table{}
		rings := make([]*jwt.Keyring, 10)
		var all sync.WaitGroup
		for i := range rings {
			skewed := &clock{now: start().Add(time.Duration(i) * time.Second)} // their clocks differ
			rings[i] = newKeyring(t, keys, skewed)
			all.Go(func() {
				if err := rings[i].Load(bg); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.Equal(t, []int{1}, keys.generations())
		for _, signer := range rings {
			token := sign(t, signer, claims())
			for _, verifier := range rings {
				requireGood(t, verifier, token)
			}
		}
	}
}

func TestKeyring_RotatesWithoutLoggingAnybodyOut(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	first := kids(t, r)[0]
	old := sign(t, r, at(c))

	takeOver := start().Add(2 * time.Minute)
	second := rotate(t, keys, "EdDSA", takeOver)
	require.NoError(t, r.Load(bg))
	require.Equal(t, []string{first, second}, kids(t, r), "published before it signs")
	require.Equal(t, first, kidOf(t, sign(t, r, at(c))))

	c.advance(2*time.Minute - time.Microsecond)
	require.Equal(t, first, kidOf(t, sign(t, r, at(c))))
	c.advance(time.Microsecond)
	last := sign(t, r, at(c))
	require.Equal(t, second, kidOf(t, last))
	requireGood(t, r, last)
	requireGood(t, r, old)
	require.Equal(t, []string{first, second}, kids(t, r), "the old one is needed until its tokens are gone")

	c.advance(12 * time.Minute)
	requireGood(t, r, old)
	c.advance(lifetime - 12*time.Minute - time.Microsecond)
	require.Equal(t, []string{first, second}, kids(t, r))
	c.advance(time.Microsecond)
	require.Equal(t, []string{second}, kids(t, r))
}

func TestKeyring_RefusesTokensOfRetiredKeys(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	long := claims()
	long.ExpiresAt = start().Add(24 * time.Hour)
	token := sign(t, r, long)
	rotate(t, keys, "ES256", start())
	require.NoError(t, r.Load(bg))
	requireGood(t, r, token)
	c.advance(lifetime)
	requireRefused(t, r, token)
}

func TestKeyring_KnowsAKeyOfAnotherInstanceAtOnce(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	one, other := loaded(t, keys, c), loaded(t, keys, c)
	second := rotate(t, keys, "ES384", start())
	require.NoError(t, one.Load(bg))
	token := sign(t, one, claims())
	require.Equal(t, second, kidOf(t, token))
	requireGood(t, other, token)
	require.Equal(t, second, kidOf(t, sign(t, other, claims())))
}

func TestKeyring_AsksForUnknownKidsOnceASecondAtMost(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	stranger := newKey(t, "ES256")
	before := keys.listed()
	storm := func() {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				token := forge(t, stranger, object{"alg": "ES256", "kid": rand.Text()}, payload(nil))
				if _, err := r.Verify(bg, token); !errors.Is(err, domain.Unauthorized) {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	storm()
	require.Equal(t, before+1, keys.listed())
	c.advance(999 * time.Millisecond)
	storm()
	require.Equal(t, before+1, keys.listed())
	c.advance(time.Millisecond)
	storm()
	require.Equal(t, before+2, keys.listed())
}

func TestKeyring_KnownKeysCostNoQuery(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	before := keys.listed()
	requireGood(t, r, sign(t, r, claims()))
	kids(t, r)
	requireRefused(t, r, "rubbish")
	require.Equal(t, before, keys.listed())
}

func TestKeyring_RefusesTokensWithoutOrWithAForeignKid(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	text, err := vault("v").Decrypt(keys.keys[0].PrivateKey)
	require.NoError(t, err)
	private, err := jwt.ParsePrivateKey(text)
	require.NoError(t, err)
	own := jwt.Key{Algorithm: "ES256", Private: private}
	requireGood(t, r, forge(t, own, object{"alg": "ES256", "kid": keys.keys[0].ID}, payload(nil)))
	requireRefused(t, r, forge(t, own, object{"alg": "ES256"}, payload(nil)))
	requireRefused(t, r, forge(t, own, object{"alg": "ES256", "kid": ""}, payload(nil)))
	requireRefused(t, r, forge(t, own, object{"alg": "ES256", "kid": "other"}, payload(nil)))
	forged := jwt.Key{Algorithm: "HS256", HMAC: []byte(keys.keys[0].PublicKey)}
	requireRefused(t, r, forge(t, forged, object{"alg": "HS256", "kid": keys.keys[0].ID}, payload(nil)))
}

func TestKeyring_SaysUnavailableWhenItCannotAskForAKey(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	good := sign(t, r, claims())
	unknown := forge(t, newKey(t, "ES256"), object{"alg": "ES256", "kid": "new"}, payload(nil))
	keys.breakDown(errors.New("connection refused"))
	for range 3 { // the answer holds for the second in which nobody asks again
		_, err := r.Verify(bg, unknown)
		require.ErrorIs(t, err, domain.Unavailable)
		require.NotErrorIs(t, err, domain.Unauthorized)
	}
	requireGood(t, r, good)
	requireGood(t, r, sign(t, r, claims()))

	keys.breakDown(nil)
	c.advance(time.Second)
	requireRefused(t, r, unknown)
}

func TestKeyring_AClientWhoHangsUpSpoilsNothingForOthers(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	one, other := loaded(t, keys, c), loaded(t, keys, c)
	rotate(t, keys, "ES256", start())
	require.NoError(t, one.Load(bg))
	token := sign(t, one, claims())
	gone, cancel := context.WithCancel(bg)
	cancel()
	_, err := other.Verify(gone, token)
	require.True(t, err == nil || errors.Is(err, context.Canceled), "%v", err)
	requireGood(t, other, token)
}

func TestKeyring_SaysWhichKeyIsWrong(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	loaded(t, keys, c)
	r, err := jwt.NewKeyring(keys, vault("another"), jwt.Options{Issuer: issuer, Clock: c},
		jwt.KeyringOptions{Lifetime: lifetime, Maker: maker(), Log: quiet()})
	require.NoError(t, err)
	err = r.Load(bg)
	require.ErrorIs(t, err, jwt.ErrEncryptionKey)
	require.ErrorContains(t, err, "signing key of generation 1: AUTH_ENCRYPTION_KEY is not the key")
	_, err = r.Sign(bg, claims())
	require.EqualError(t, err, "no signing key is loaded")
}

func TestKeyring_RefusesKeysThatWereTamperedWith(t *testing.T) {
	for name, tamper := range map[string]func(k *domain.SigningKey){
		"id":          func(k *domain.SigningKey) { k.ID = "other" },
		"algorithm":   func(k *domain.SigningKey) { k.Algorithm = "RS256" },
		"shared":      func(k *domain.SigningKey) { k.Algorithm = "HS256" },
		"private key": func(k *domain.SigningKey) { k.PrivateKey, _ = vault("v").Encrypt("nonsense") },
	} {
		keys, c := &table{}, &clock{now: start()}
		loaded(t, keys, c)
		tamper(&keys.keys[0])
		require.ErrorContains(t, newKeyring(t, keys, c).Load(bg), "signing key of generation 1", name)
	}
}

func TestKeyring_LoadPassesTroubleOn(t *testing.T) {
	broken := errors.New("connection refused")
	require.ErrorIs(t, newKeyring(t, &table{broken: broken}, &clock{now: start()}).Load(bg), broken)
	gone, cancel := context.WithCancel(bg)
	cancel()
	require.ErrorIs(t, newKeyring(t, &table{}, &clock{now: start()}).Load(gone), context.Canceled)
}

func TestKeyring_CreatesTheFirstKeyWithTheWantedAlgorithm(t *testing.T) {
	keys := &table{}
	o := jwt.Options{Issuer: issuer, Clock: &clock{now: start()}}
	k := jwt.KeyringOptions{Lifetime: lifetime, Maker: maker(), Log: quiet(), Algorithm: "EdDSA"}
	r, err := jwt.NewKeyring(keys, vault("v"), o, k)
	require.NoError(t, err)
	require.NoError(t, r.Load(bg))
	require.Equal(t, "EdDSA", keys.keys[0].Algorithm)

	k.Algorithm = "HS256"
	r, err = jwt.NewKeyring(&table{}, vault("v"), o, k)
	require.NoError(t, err)
	require.ErrorContains(t, r.Load(bg), "no key pairs for algorithm")
}

func TestNewKeyring_RefusesToBeWiredIncompletely(t *testing.T) {
	o := jwt.Options{Issuer: issuer, Clock: &clock{}}
	k := jwt.KeyringOptions{Lifetime: lifetime, Maker: maker(), Log: quiet()}
	_, err := jwt.NewKeyring(nil, vault("v"), o, k)
	require.Error(t, err)
	_, err = jwt.NewKeyring(&table{}, nil, o, k)
	require.Error(t, err)
	_, err = jwt.NewKeyring(&table{}, vault("v"), jwt.Options{}, k)
	require.Error(t, err)
	for _, spoil := range []func(k *jwt.KeyringOptions){
		func(k *jwt.KeyringOptions) { k.Lifetime = 0 }, func(k *jwt.KeyringOptions) { k.PollInterval = -1 },
		func(k *jwt.KeyringOptions) { k.Maker = nil }, func(k *jwt.KeyringOptions) { k.Log = nil },
	} {
		spoilt := k
		spoil(&spoilt)
		_, err = jwt.NewKeyring(&table{}, vault("v"), o, spoilt)
		require.Error(t, err)
	}
}

// bubble runs a keyring in a bubble of simulated time, where step lets both clocks pass.
func bubble(t *testing.T, test func(t *testing.T, r *jwt.Keyring, keys *table, log *logged, step func(time.Duration))) {
	synctest.Test(t, func(t *testing.T) {
		keys, c, log := &table{}, &clock{now: start()}, &logged{}
		r, err := jwt.NewKeyring(keys, vault("v"), jwt.Options{Issuer: issuer, Clock: c}, jwt.KeyringOptions{
			Lifetime: lifetime, Maker: maker(), Log: slog.New(slog.NewTextHandler(log, nil)),
		})
		require.NoError(t, err)
		require.NoError(t, r.Load(bg))
		ctx, cancel := context.WithCancel(bg)
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		test(t, r, keys, log, func(d time.Duration) {
			c.advance(d)
			time.Sleep(d)
			synctest.Wait()
		})
		cancel()
		running.Wait()
	})
}

func TestKeyring_RunSeesChangesWithinOneInterval(t *testing.T) {
	bubble(t, func(t *testing.T, r *jwt.Keyring, keys *table, _ *logged, step func(time.Duration)) {
		first := kids(t, r)[0]
		second := rotate(t, keys, "ES256", start().Add(time.Hour))
		step(14 * time.Second)
		require.Equal(t, []string{first}, kids(t, r))
		step(time.Second)
		require.Equal(t, []string{first, second}, kids(t, r))
	})
}

func TestKeyring_RunGoesOnWithTheOldKeysWhileTheDatabaseIsAway(t *testing.T) {
	bubble(t, func(t *testing.T, r *jwt.Keyring, keys *table, log *logged, step func(time.Duration)) {
		first := kids(t, r)
		keys.breakDown(errors.New("connection refused"))
		step(time.Minute)
		require.Equal(t, first, kids(t, r))
		requireGood(t, r, sign(t, r, claims()))
		require.Equal(t, 4, strings.Count(log.text(), `level=ERROR msg="signing keys not refreshed"`))
		require.Contains(t, log.text(), "connection refused")

		keys.breakDown(nil)
		second := rotate(t, keys, "ES256", start())
		step(15 * time.Second)
		require.Equal(t, append(first, second), kids(t, r))
	})
}

func TestKeyring_RunRemovesKeysThatWereRetiredForALifetime(t *testing.T) {
	bubble(t, func(t *testing.T, r *jwt.Keyring, keys *table, log *logged, step func(time.Duration)) {
		second := rotate(t, keys, "ES256", start())
		step(2 * lifetime)
		require.Equal(t, []int{1, 2}, keys.generations())
		step(15 * time.Second)
		require.Equal(t, []int{2}, keys.generations())
		step(24 * time.Hour)
		require.Equal(t, []int{2}, keys.generations(), "the key that signs stays")
		require.Equal(t, []string{second}, kids(t, r))
		require.Empty(t, log.text())
	})
}

func TestKeyring_SignsAndVerifiesWhileKeysChange(t *testing.T) {
	keys, c := &table{}, &clock{now: start()}
	r := loaded(t, keys, c)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				token, err := r.Sign(bg, claims())
				if err == nil {
					_, err = r.Verify(bg, token)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		rotate(t, keys, "ES256", start())
		require.NoError(t, r.Load(bg))
	}
	all.Wait()
	require.Len(t, kids(t, r), 6)
}

func BenchmarkKeyring(b *testing.B) {
	r := loaded(b, &table{}, &clock{now: start()})
	token := sign(b, r, claims())
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			sign(b, r, claims())
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			requireGood(b, r, token)
		}
	})
}
