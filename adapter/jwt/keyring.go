package jwt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

var (
	_ port.AccessTokens = (*Keyring)(nil)
	_ port.PublicKeys   = (*Keyring)(nil)
)

const (
	defaultPollInterval = 15 * time.Second
	reloadInterval      = time.Second     // between reloads that unknown kids cause
	reloadTimeout       = 5 * time.Second // for one reload
)

// KeyringOptions say how keys are kept.
type KeyringOptions struct {
	Lifetime     time.Duration // how long a key is needed after its last signature: the life of an access token and a margin
	PollInterval time.Duration // between looks into the database; 0: 15 s
	Algorithm    string        // of the first key, when there is none; "": DefaultAlgorithm
	Maker        port.KeyMaker
	Log          *slog.Logger
}

// Keyring signs and verifies with the keys in the database. Every instance looks for changes now and then, and at once when a
// token names a key it does not know, so a key that one instance has brought in is good everywhere. It is safe for concurrent
// use; Load must have succeeded once.
type Keyring struct {
	codec  *codec
	store  port.SigningKeys
	cipher Cipher
	k      KeyringOptions
	ring   atomic.Pointer[ring]

	loading   chan struct{} // held by who reloads
	attempted time.Time     // when an unknown kid last caused a reload, and
	outcome   error         // how that went; both guarded by loading
}

// NewKeyring returns a keyring, still empty, over the keys in store, whose private halves cipher decrypts.
func NewKeyring(store port.SigningKeys, cipher Cipher, o Options, k KeyringOptions) (*Keyring, error) {
	codec, err := newCodec(o)
	if err != nil {
		return nil, err
	}
	if store == nil || cipher == nil || k.Maker == nil || k.Log == nil || k.Lifetime <= 0 || k.PollInterval < 0 {
		return nil, errors.New("a keyring needs a store, a cipher, a maker of keys, a log and a lifetime")
	}
	if k.PollInterval == 0 {
		k.PollInterval = defaultPollInterval
	}
	r := &Keyring{codec: codec, store: store, cipher: cipher, k: k, loading: make(chan struct{}, 1)}
	r.ring.Store(&ring{})
	return r, nil
}

// Load reads the keys and creates the first when there is none. Of any number of instances that start at once, one creates it.
// ErrEncryptionKey says that AUTH_ENCRYPTION_KEY is the wrong one.
func (r *Keyring) Load(ctx context.Context) error {
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	return r.load(ctx)
}

// Run keeps the keyring in step with the database until ctx ends. Trouble is logged, and the keys known so far go on.
func (r *Keyring) Run(ctx context.Context) {
	ticker := time.NewTicker(r.k.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := r.poll(ctx); err != nil && ctx.Err() == nil {
				r.k.Log.LogAttrs(ctx, slog.LevelError, "signing keys not refreshed", slog.Any("error", err))
			}
		}
	}
}

// Sign returns the JWT for claims, signed by the newest key that is active.
func (r *Keyring) Sign(_ context.Context, claims domain.Claims) (string, error) {
	key := r.ring.Load().signing(r.codec.o.Clock.Now(), r.k.Lifetime)
	if key == nil {
		return "", errors.New("no signing key is loaded")
	}
	return r.codec.sign(key, claims)
}

// Verify returns the claims of an access token, or domain.Unauthorized; domain.Unavailable when the token names a key that may
// be a new one and the database can't be asked.
func (r *Keyring) Verify(ctx context.Context, token string) (domain.Claims, error) {
	return r.codec.verify(token, func(kid string) (*pair, error) { return r.find(ctx, kid) })
}

// JWKS returns the public keys of all keys but the retired, those to come included, ordered by generation.
func (r *Keyring) JWKS(context.Context) ([]domain.JWK, time.Duration, error) {
	jwks := []domain.JWK{}
	for _, p := range r.ring.Load().published(r.codec.o.Clock.Now(), r.k.Lifetime) {
		jwks = append(jwks, p.jwk)
	}
	return jwks, JWKSMaxAge, nil
}

// known returns the key, or nil when the ring has none with that kid that is not retired.
func (r *Keyring) known(kid string) *pair {
	return r.ring.Load().find(kid, r.codec.o.Clock.Now(), r.k.Lifetime)
}

// find returns the key with that kid, asking the database for an unknown one, once a second at most: anybody can make up kids.
// All keys here have a kid, so a token without one is none of ours.
func (r *Keyring) find(ctx context.Context, kid string) (*pair, error) {
	if kid == "" {
		return nil, errUnknownKey
	}
	if p := r.known(kid); p != nil {
		return p, nil
	}
	if err := r.lock(ctx); err != nil {
		return nil, err
	}
	defer r.unlock()
	if p := r.known(kid); p != nil { // somebody else has just reloaded
		return p, nil
	}
	if now := r.codec.o.Clock.Now(); now.Sub(r.attempted).Abs() >= reloadInterval {
		r.attempted, r.outcome = now, r.load(context.WithoutCancel(ctx)) // others wait for it too
	}
	if p := r.known(kid); p != nil {
		return p, nil
	}
	if r.outcome != nil { // not to know is no reason to log somebody out
		return nil, fmt.Errorf("%w: %w", domain.Unavailable, r.outcome)
	}
	return nil, errUnknownKey
}

func (r *Keyring) lock(ctx context.Context) error {
	select {
	case r.loading <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Keyring) unlock() { <-r.loading }

// load replaces the ring by what is in the database. The caller holds the lock.
func (r *Keyring) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	keys, err := r.store.List(ctx)
	if err == nil && len(keys) == 0 {
		keys, err = r.createFirst(ctx)
	}
	if err != nil {
		return fmt.Errorf("reading signing keys: %w", err)
	}
	loaded, err := newRing(keys, r.cipher)
	if err != nil {
		return err
	}
	r.ring.Store(loaded)
	return nil
}

// createFirst adds generation 1, unless another instance is faster, and returns what is in the database then.
func (r *Keyring) createFirst(ctx context.Context) ([]domain.SigningKey, error) {
	key, err := r.k.Maker.Make(r.k.Algorithm)
	if err != nil {
		return nil, err
	}
	now := r.codec.o.Clock.Now()
	key.Generation, key.CreatedAt, key.ActivateAt = 1, now, now
	if err := r.store.Add(ctx, key); err != nil && !errors.Is(err, port.ErrTaken) {
		return nil, err
	}
	return r.store.List(ctx)
}

// poll reloads, and removes keys that have been retired for as long as they were kept before.
func (r *Keyring) poll(ctx context.Context) error {
	if err := r.Load(ctx); err != nil {
		return err
	}
	now := r.codec.o.Clock.Now()
	for _, s := range domain.KeyStates(r.ring.Load().keys, now, r.k.Lifetime) {
		if s.State != domain.KeyRetired || now.Sub(s.RetiredAt) <= r.k.Lifetime {
			continue
		}
		if err := r.store.Remove(ctx, s.Key.Generation); err != nil {
			return fmt.Errorf("removing the signing key of generation %d: %w", s.Key.Generation, err)
		}
	}
	return nil
}
