package password

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	argonPrefix  = "$argon2id$"
	argoniPrefix = "$argon2i$" // of imported accounts
	saltBytes    = 16          // RFC 9106 §3.1 recommends it for passwords
	keyBytes     = 32
)

// Bounds of what is verified: a hash from an import must not take the machine down, nor match by being empty.
const (
	maxMemoryKiB = 1 << 20 // 1 GiB
	maxPasses    = 64
	maxLanes     = 64
	maxArgonWork = 4 << 20 // KiB times passes: a few seconds
	minSaltBytes = 8       // RFC 9106 §3.1
	minKeyBytes  = 16
	maxPartBytes = 128
)

// argonParams are the costs of argon2id.
type argonParams struct {
	memoryKiB, passes uint32
	lanes             uint8
}

// currentArgon returns the costs of new hashes.
func currentArgon() argonParams { return argonParams{memoryKiB: 19456, passes: 2, lanes: 1} }

// argonHash is a parsed hash of argon2id or argon2i.
type argonHash struct {
	argonParams
	independent bool // argon2i
	salt, key   []byte
}

func (p argonParams) hash(password string, salt []byte, length int) argonHash {
	key := argon2.IDKey([]byte(password), salt, p.passes, p.memoryKiB, p.lanes, uint32(length))
	return argonHash{argonParams: p, salt: salt, key: key}
}

func (h argonHash) matches(password string) bool {
	compute := argon2.IDKey
	if h.independent {
		compute = argon2.Key
	}
	key := compute([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// isCurrent tells whether a new hash would have the same costs and lengths.
func (h argonHash) isCurrent() bool {
	return !h.independent && h.argonParams == currentArgon() && len(h.salt) == saltBytes && len(h.key) == keyBytes
}

// String returns the PHC string.
func (h argonHash) String() string {
	prefix := argonPrefix
	if h.independent {
		prefix = argoniPrefix
	}
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", prefix, argon2.Version, h.memoryKiB, h.passes, h.lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// parseArgon reads a PHC string; false when it is none, out of bounds or not spelt as String would.
func parseArgon(text string) (argonHash, bool) {
	rest, independent := strings.CutPrefix(text, argoniPrefix)
	parts := strings.Split(strings.TrimPrefix(rest, argonPrefix), "$")
	if !independent && !strings.HasPrefix(text, argonPrefix) || len(parts) != 4 || parts[0] != "v="+strconv.Itoa(argon2.Version) {
		return argonHash{}, false
	}
	params, ok := parseArgonParams(parts[1])
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[2])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[3])
	if !ok || saltErr != nil || keyErr != nil ||
		len(salt) < minSaltBytes || len(salt) > maxPartBytes || len(key) < minKeyBytes || len(key) > maxPartBytes {
		return argonHash{}, false
	}
	h := argonHash{argonParams: params, independent: independent, salt: salt, key: key}
	return h, h.String() == text // the decoders tolerate leading zeros and line breaks
}

// parseArgonParams reads "m=19456,t=2,p=1".
func parseArgonParams(text string) (argonParams, bool) {
	costs := strings.Split(text, ",")
	if len(costs) != 3 {
		return argonParams{}, false
	}
	memory, okM := parseCost(costs[0], "m=", maxMemoryKiB)
	passes, okT := parseCost(costs[1], "t=", maxPasses)
	lanes, okP := parseCost(costs[2], "p=", maxLanes)
	return argonParams{memoryKiB: memory, passes: passes, lanes: uint8(lanes)}, okM && okT && okP && memory >= 8*lanes && uint64(memory)*uint64(passes) <= maxArgonWork
}

func parseCost(text, name string, limit uint64) (uint32, bool) {
	digits, ok := strings.CutPrefix(text, name)
	value, err := strconv.ParseUint(digits, 10, 32)
	return uint32(value), ok && err == nil && value >= 1 && value <= limit
}
