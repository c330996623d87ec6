package password_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/hexauth/hexauth/adapter/password"
	"github.com/hexauth/hexauth/port"
)

// Hashes made by other programs: the reference implementation of argon2 (its own test vectors) and libxcrypt.
const (
	referenceArgon = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc" // "password"
	libxcrypt2b    = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"                           // "secret"
	libxcrypt2y    = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"                           // "secret"
	libxcrypt2a    = "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"                           // "secret"
)

func newHasher(t testing.TB, o password.Options) *password.Hasher {
	t.Helper()
	if o.Salt == nil {
		o.Salt = rand.Reader
	}
	h, err := password.New(o)
	require.NoError(t, err)
	return h
}

func hash(t testing.TB, h *password.Hasher, text string) string {
	t.Helper()
	made, err := h.Hash(context.Background(), text)
	require.NoError(t, err)
	return made
}

func verify(t testing.TB, h *password.Hasher, hash, text string) (ok, rehash bool) {
	t.Helper()
	ok, rehash, err := h.Verify(context.Background(), hash, text)
	require.NoError(t, err)
	return ok, rehash
}

func TestHash_MakesPHCStringsWithTodaysCosts(t *testing.T) {
	h := newHasher(t, password.Options{})
	made := hash(t, h, "correct horse")
	require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, made)

	ok, rehash := verify(t, h, made, "correct horse")
	require.True(t, ok)
	require.False(t, rehash)
	ok, rehash = verify(t, h, made, "correct horsf")
	require.False(t, ok)
	require.False(t, rehash)
}

func TestHash_UsesAFreshSalt(t *testing.T) {
	h := newHasher(t, password.Options{})
	require.NotEqual(t, hash(t, h, "correct horse"), hash(t, h, "correct horse"))
}

func TestHash_FailsWithoutASalt(t *testing.T) {
	h := newHasher(t, password.Options{Salt: io.LimitReader(rand.Reader, 15)})
	_, err := h.Hash(context.Background(), "correct horse")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	running := h.Stats().Running
	require.Zero(t, running)
}

func TestHash_MakesBcryptForTheWayBack(t *testing.T) {
	h := newHasher(t, password.Options{Algorithm: password.Bcrypt})
	made := hash(t, h, "correct horse")
	require.Regexp(t, `^\$2a\$10\$[./A-Za-z0-9]{53}$`, made)
	require.NoError(t, bcrypt.CompareHashAndPassword([]byte(made), []byte("correct horse")))

	ok, rehash := verify(t, h, made, "correct horse")
	require.True(t, ok)
	require.False(t, rehash)
}

func TestVerify_AcceptsHashesOfOtherPrograms(t *testing.T) {
	h := newHasher(t, password.Options{})
	for hash, right := range map[string]string{
		referenceArgon: "password", libxcrypt2a: "secret", libxcrypt2b: "secret", libxcrypt2y: "secret",
	} {
		ok, rehash := verify(t, h, hash, right)
		require.True(t, ok, hash)
		require.True(t, rehash, hash)
		ok, rehash = verify(t, h, hash, right+"x")
		require.False(t, ok, hash)
		require.False(t, rehash, hash)
	}
}

func TestVerify_WantsArgon2idReplacedWhenBcryptIsToday(t *testing.T) {
	made := hash(t, newHasher(t, password.Options{}), "correct horse")
	h := newHasher(t, password.Options{Algorithm: password.Bcrypt})
	ok, rehash := verify(t, h, made, "correct horse")
	require.True(t, ok)
	require.True(t, rehash)
}

func TestVerify_WantsNoBcryptForPasswordsItCannotHold(t *testing.T) {
	long := strings.Repeat("a", 73)
	made := hash(t, newHasher(t, password.Options{}), long)
	h := newHasher(t, password.Options{Algorithm: password.Bcrypt})
	ok, rehash := verify(t, h, made, long)
	require.True(t, ok)
	require.False(t, rehash)
	_, err := h.Hash(context.Background(), long)
	require.ErrorIs(t, err, bcrypt.ErrPasswordTooLong)
}

func TestVerify_BcryptNeverMatchesBeyond72Bytes(t *testing.T) {
	h := newHasher(t, password.Options{Algorithm: password.Bcrypt})
	full := strings.Repeat("a", 72)
	made := hash(t, h, full)
	ok, _ := verify(t, h, made, full)
	require.True(t, ok)
	ok, _ = verify(t, h, made, full+"b")
	require.False(t, ok)
}

func TestVerify_Argon2idReadsPasswordsToTheirEnd(t *testing.T) {
	h := newHasher(t, password.Options{})
	long := strings.Repeat("a", 73)
	made := hash(t, h, long)
	ok, _ := verify(t, h, made, long)
	require.True(t, ok)
	ok, _ = verify(t, h, made, long[:72])
	require.False(t, ok)
	ok, _ = verify(t, h, made, long[:72]+"b")
	require.False(t, ok)
}

func unknownHashes() []string {
	salt, key := "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	argon := func(version, costs, salt, key string) string {
		return fmt.Sprintf("$argon2id$%s$%s$%s$%s", version, costs, salt, key)
	}
	return []string{
		"", "x", "password", "$", "$argon2id$", "$1$abc$def", "$6$rounds=5000$abc$def",
		"$2x$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		"$2b$31$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		"$2b$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		"$2b$04$abcdefghijklmnopqrst", "$2b$04$" + strings.Repeat("!", 53),
		strings.Replace(referenceArgon, "argon2id", "argon2i", 1),
		argon("v=16", "m=64,t=1,p=1", salt, key),
		argon("v=19", "m=1048577,t=1,p=1", salt, key),
		argon("v=19", "m=4294967295,t=1,p=1", salt, key),
		argon("v=19", "m=64,t=65,p=1", salt, key),
		argon("v=19", "m=64,t=0,p=1", salt, key),
		argon("v=19", "m=0,t=1,p=1", salt, key),
		argon("v=19", "m=64,t=1,p=0", salt, key),
		argon("v=19", "m=1024,t=1,p=65", salt, key),
		argon("v=19", "m=8,t=1,p=2", salt, key),
		argon("v=19", "t=1,m=64,p=1", salt, key),
		argon("v=19", "m=64,t=1", salt, key),
		argon("v=19", "m=+64,t=1,p=1", salt, key),
		argon("v=19", "m=64,t=1,p=1", "", key),
		argon("v=19", "m=64,t=1,p=1", "c2FsdA", key),
		argon("v=19", "m=64,t=1,p=1", salt, ""),
		argon("v=19", "m=64,t=1,p=1", salt, "CTFhFdXP"),
		argon("v=19", "m=64,t=1,p=1", salt, key+"="),
		argon("v=19", "m=64,t=1,p=1", salt, strings.Repeat("A", 400)),
		referenceArgon + "$", referenceArgon[1:],
	}
}

func TestVerify_UnknownHashesCostTheSameAndNeverMatch(t *testing.T) {
	h := newHasher(t, password.Options{})
	for i, hash := range unknownHashes() {
		for _, text := range []string{"", "secret"} {
			before := h.Stats().Hashes
			ok, rehash := verify(t, h, hash, text)
			require.False(t, ok, "hash %d", i)
			require.False(t, rehash, "hash %d", i)
			require.Equal(t, port.HashingStats{Hashes: before + 1}, h.Stats(), "hash %d", i)
		}
	}
}

// Almost everything that argon2id allocates is the memory it works on, so equal amounts mean equal work.
func TestVerify_EmptyHashesAllocateWhatRealOnesDo(t *testing.T) {
	h := newHasher(t, password.Options{})
	made := hash(t, h, "correct horse")
	memory := func(hash string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		verify(t, h, hash, "wrong")
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	require.InEpsilon(t, memory(made), memory(""), 0.01)
	require.Greater(t, memory(""), uint64(19456<<10))
}

func TestNew_RefusesOptionsThatMakeNoSense(t *testing.T) {
	for name, o := range map[string]password.Options{
		"algorithm":   {Algorithm: "md5", Salt: rand.Reader},
		"no salt":     {},
		"concurrency": {Concurrency: -1, Salt: rand.Reader},
		"queue":       {MaxQueue: -1, Salt: rand.Reader},
		"timeout":     {QueueTimeout: -1, Salt: rand.Reader},
	} {
		_, err := password.New(o)
		require.Error(t, err, name)
	}
}

func BenchmarkHash(b *testing.B) {
	for _, algorithm := range []string{password.Argon2id, password.Bcrypt} {
		b.Run(algorithm, func(b *testing.B) {
			h := newHasher(b, password.Options{Algorithm: algorithm})
			b.ReportAllocs()
			for b.Loop() {
				hash(b, h, "correct horse")
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []string{password.Argon2id, password.Bcrypt} {
		h := newHasher(b, password.Options{Algorithm: algorithm})
		for name, stored := range map[string]string{"right": hash(b, h, "correct horse"), "no hash": ""} {
			b.Run(algorithm+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					verify(b, h, stored, "correct horse")
				}
			})
		}
	}
}
