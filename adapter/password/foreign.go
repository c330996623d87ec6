package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// foreign is a hash of a kind that only imported accounts have.
type foreign interface{ matches(password string) bool }

// Bounds of what is computed for such a hash: at most 256 MiB, and a few seconds of one core.
const (
	maxScryptLog    = 20
	maxScryptBlocks = 64
	maxScryptMemory = 1 << 21 // blocks of 128 bytes: 256 MiB
	maxScryptWork   = 1 << 22 // the same, times the lanes one after the other
	maxIterations   = 2_000_000
	firebaseKey     = 32 // bytes: AES-256
)

// parseForeign reads a hash of scrypt (RFC 7914), PBKDF2 (RFC 8018) or Firebase's scrypt; false when it is none or out of bounds.
func parseForeign(text string) (foreign, bool) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(text, "$"), "$")
	parts := strings.Split(rest, "$")
	if !strings.HasPrefix(text, "$") || len(parts) != 3 {
		return nil, false
	}
	switch kind {
	case "scrypt":
		return parseScrypt(parts)
	case "pbkdf2-sha256":
		return parsePBKDF2(parts, sha256.New)
	case "pbkdf2-sha512":
		return parsePBKDF2(parts, sha512.New)
	case "fbscrypt":
		return parseFirebase(parts)
	}
	return nil, false
}

// scryptCosts are 2^log iterations over blocks of 128 bytes, in lanes.
type scryptCosts struct{ log, blocks, lanes uint32 }

func (c scryptCosts) bounded() bool {
	memory := uint64(c.blocks) << c.log
	return memory <= maxScryptMemory && memory*uint64(c.lanes) <= maxScryptWork
}

func (c scryptCosts) key(password string, salt []byte, length int) []byte {
	key, err := scrypt.Key([]byte(password), salt, 1<<c.log, int(c.blocks), int(c.lanes), length)
	if err != nil {
		return nil // costs that the function does not have
	}
	return key
}

// parseCosts reads "ln=14,r=8,p=1" with those names.
func parseCosts(text, log, blocks, lanes string) (c scryptCosts, ok bool) {
	costs := strings.Split(text, ",")
	if len(costs) != 3 {
		return c, false
	}
	var okN, okR, okP bool
	c.log, okN = parseCost(costs[0], log, maxScryptLog)
	c.blocks, okR = parseCost(costs[1], blocks, maxScryptBlocks)
	c.lanes, okP = parseCost(costs[2], lanes, maxScryptWork)
	return c, okN && okR && okP && c.bounded()
}

type scryptHash struct {
	scryptCosts
	salt, want []byte
}

// parseScrypt reads "ln=14,r=8,p=1", salt and key, in base64 without padding.
func parseScrypt(parts []string) (foreign, bool) {
	costs, ok := parseCosts(parts[0], "ln=", "r=", "p=")
	salt, want, decoded := decodeParts(base64.RawStdEncoding, parts[1], parts[2])
	return scryptHash{costs, salt, want}, ok && decoded
}

func (h scryptHash) matches(password string) bool {
	return equal(h.key(password, h.salt, len(h.want)), h.want)
}

type pbkdf2Hash struct {
	digest     func() hash.Hash
	iterations uint32
	salt, want []byte
}

// parsePBKDF2 reads "i=600000" or "i=600000,l=32", salt and key, in base64 without padding.
func parsePBKDF2(parts []string, digest func() hash.Hash) (foreign, bool) {
	count, length, stated := strings.Cut(parts[0], ",")
	iterations, ok := parseCost(count, "i=", maxIterations)
	salt, want, decoded := decodeParts(base64.RawStdEncoding, parts[1], parts[2])
	return pbkdf2Hash{digest, iterations, salt, want}, ok && decoded && (!stated || length == "l="+strconv.Itoa(len(want)))
}

func (h pbkdf2Hash) matches(password string) bool {
	key, err := pbkdf2.Key(h.digest, password, h.salt, int(h.iterations), len(h.want))
	return err == nil && equal(key, h.want)
}

// firebaseHash is Firebase's use of scrypt: the key that comes out of it encrypts the project's signer key, and that is the hash.
type firebaseHash struct {
	scryptCosts
	separator, signer, salt, want []byte
}

// parseFirebase reads "v=1,n=14,r=8,p=1,ss=…,sk=…" (memory cost, rounds, lanes, salt separator, signer key), salt and hash, in base64
// with padding.
func parseFirebase(parts []string) (foreign, bool) {
	parameters, found := strings.CutPrefix(parts[0], "v=1,")
	fields := strings.Split(parameters, ",")
	if !found || len(fields) != 5 {
		return nil, false
	}
	costs, ok := parseCosts(strings.Join(fields[:3], ","), "n=", "r=", "p=")
	separator, hasSeparator := strings.CutPrefix(fields[3], "ss=")
	signer, hasSigner := strings.CutPrefix(fields[4], "sk=")
	h := firebaseHash{scryptCosts: costs}
	var separatorErr, signerErr, saltErr, wantErr error
	h.separator, separatorErr = base64.StdEncoding.DecodeString(separator)
	h.signer, signerErr = base64.StdEncoding.DecodeString(signer)
	h.salt, saltErr = base64.StdEncoding.DecodeString(parts[1])
	h.want, wantErr = base64.StdEncoding.DecodeString(parts[2])
	ok = ok && hasSeparator && hasSigner && separatorErr == nil && signerErr == nil && saltErr == nil && wantErr == nil &&
		len(h.separator) <= maxPartBytes && len(h.salt) >= 1 && len(h.salt) <= maxPartBytes &&
		len(h.signer) >= minKeyBytes && len(h.signer) <= maxPartBytes && len(h.want) == len(h.signer)
	return h, ok
}

func (h firebaseHash) matches(password string) bool {
	salt := append(append([]byte(nil), h.salt...), h.separator...)
	block, err := aes.NewCipher(h.key(password, salt, firebaseKey))
	if err != nil {
		return false
	}
	made := make([]byte, len(h.signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(made, h.signer)
	return equal(made, h.want)
}

// decodeParts reads a salt and a key whose lengths make sense.
func decodeParts(encoding *base64.Encoding, saltText, keyText string) (salt, key []byte, ok bool) {
	salt, saltErr := encoding.Strict().DecodeString(saltText)
	key, keyErr := encoding.Strict().DecodeString(keyText)
	ok = saltErr == nil && keyErr == nil && !strings.ContainsAny(saltText+keyText, "\r\n") &&
		len(salt) >= 1 && len(salt) <= maxPartBytes && len(key) >= minKeyBytes && len(key) <= maxPartBytes
	return salt, key, ok
}

func equal(got, want []byte) bool { return subtle.ConstantTimeCompare(got, want) == 1 }
