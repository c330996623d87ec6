package password_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/password"
)

// foreignHashes are hashes that other programs made, with their passwords: the reference implementation of argon2 (its test vectors),
// RFC 7914 §12, Python's hashlib with OpenSSL, and the example that Firebase publishes with its scrypt.
func foreignHashes() map[string]string {
	return map[string]string{
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA":                                                     "password",
		"$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA":                      "password",
		"$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$PfGKNWGZQ+LmIenzdXuzbit3ZqKgpe0ep6P0cjJnwqs":                                                  "violet-otter-41",
		"$pbkdf2-sha256$i=10000$AAECAwQFBgcICQoLDA0ODw$Rzz/3ghZa5v+KZeR4DVYe5oYRzpXm8UeNwuFSlTa/cc":                                                 "violet-otter-41",
		"$pbkdf2-sha512$i=10000,l=64$AAECAwQFBgcICQoLDA0ODw$OhNfZnfR9cK7x89vLe1P9arx2wxYFKhucRwBM7kZ6m8z7jEciItmmIYrWndDQt3rTBFolczKWpUdkoYmXjqkJw": "violet-otter-41",
		firebaseHash: "user1password",
	}
}

const firebaseHash = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==" +
	"$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="

func TestVerify_AcceptsHashesOfImportedAccountsAndWantsThemReplaced(t *testing.T) {
	h := newHasher(t, password.Options{})
	for hash, right := range foreignHashes() {
		require.True(t, h.Known(hash), hash)
		ok, rehash := verify(t, h, hash, right)
		require.True(t, ok, hash)
		require.True(t, rehash, hash)
		for _, wrong := range []string{"", right + "x", strings.ToUpper(right)} {
			ok, rehash = verify(t, h, hash, wrong)
			require.False(t, ok, hash)
			require.False(t, rehash, hash)
		}
	}
	for _, hash := range []string{libxcrypt2a, libxcrypt2b, libxcrypt2y, referenceArgon} {
		require.True(t, h.Known(hash), hash)
	}
}

func TestKnown_RefusesWhatIsMalformedOrWouldCostTooMuch(t *testing.T) {
	h := newHasher(t, password.Options{})
	const salt, key = "$AAECAwQFBgcICQoLDA0ODw", "$PfGKNWGZQ+LmIenzdXuzbit3ZqKgpe0ep6P0cjJnwqs"
	for _, hash := range []string{
		"", "$", "$$$$", "plain", "$1$salt$hash", "5f4dcc3b5aa765d61d8327deb882cf99", "$md5$x$y$z", "{SSHA}x",
		"$2x$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", // the broken one
		"$2b$17$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		"$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIr", "$2b$04$abcdefghijklmnopqrstu!2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "$2b$04$",
		"$scrypt$ln=21,r=1,p=1" + salt + key, "$scrypt$ln=18,r=9,p=1" + salt + key, "$scrypt$ln=14,r=8,p=33" + salt + key, "$scrypt$ln=0,r=8,p=1" + salt + key,
		"$scrypt$ln=14,r=8" + salt + key, "$scrypt$r=8,ln=14,p=1" + salt + key, "$scrypt$ln=14,r=8,p=1" + salt, "$scrypt$ln=14,r=8,p=1$" + key,
		"$scrypt$ln=14,r=8,p=1" + salt + "$AAAA", "$scrypt$ln=14,r=8,p=1" + salt + key + "=", "$scrypt$ln=14,r=8,p=1" + salt + key + "$x",
		"$scrypt$ln=14,r=8,p=1" + salt + "\n" + key, "scrypt$ln=14,r=8,p=1" + salt + key,
		"$pbkdf2-sha256$i=0" + salt + key, "$pbkdf2-sha256$i=2000001" + salt + key, "$pbkdf2-sha256$10000" + salt + key, "$pbkdf2-sha256$i=10000,l=31" + salt + key,
		"$pbkdf2-sha1$i=10000" + salt + key, "$pbkdf2-sha512$i=-1" + salt + key,
		"$argon2id$v=19$m=1048576,t=5,p=1" + salt + key, "$argon2d$v=19$m=65536,t=2,p=1" + salt + key,
		strings.Replace(firebaseHash, "v=1", "v=2", 1), strings.Replace(firebaseHash, "n=14", "n=19", 1), strings.Replace(firebaseHash, "ss=Bw==,", "", 1),
		strings.Replace(firebaseHash, "sk=jxsp", "sk=", 1), strings.Replace(firebaseHash, "$42xEC+ixf3L2lw==", "$", 1), firebaseHash[:len(firebaseHash)-8],
	} {
		require.False(t, h.Known(hash), hash)
		ok, rehash := verify(t, h, hash, "violet-otter-41")
		require.False(t, ok, hash)
		require.False(t, rehash, hash)
	}
}

// cheap are hashes whose costs a fuzz target can pay.
var cheap = regexp.MustCompile(`^\$(scrypt\$ln=[1-6],r=[1-8],p=[1-4]|pbkdf2-sha(256|512)\$i=[0-9]{1,3}(,l=[0-9]+)?|argon2id?\$v=19\$m=[0-9]{1,3},t=[1-3],p=[1-4]|fbscrypt\$v=1,n=[1-6],r=[1-8],p=[1-4],.*)\$`)

// FuzzKnown_NeverTakesAnythingThatVerifyCantFinish reads hashes of imported accounts.
func FuzzKnown_NeverTakesAnythingThatVerifyCantFinish(f *testing.F) {
	for hash := range foreignHashes() {
		f.Add(hash)
	}
	for _, hash := range []string{
		"$scrypt$ln=4,r=8,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), "$pbkdf2-sha512$i=100,l=32$c2FsdA$" + strings.Repeat("A", 43), "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43),
		"$2b$04$" + strings.Repeat("A", 53), "$2y$31$" + strings.Repeat(".", 53), "$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk=" + strings.Repeat("A", 43) + "=$c2FsdA==$" + strings.Repeat("A", 43) + "=",
	} {
		f.Add(hash)
	}
	h := newHasher(f, password.Options{})
	f.Fuzz(func(t *testing.T, hash string) {
		if !h.Known(hash) || !cheap.MatchString(hash) {
			return
		}
		began := time.Now()
		ok, rehash, err := h.Verify(t.Context(), hash, "violet-otter-41")
		require.NoError(t, err)
		require.True(t, rehash || !ok)
		require.Less(t, time.Since(began), 5*time.Second)
	})
}
