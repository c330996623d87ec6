package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// RefreshToken is the secret a client presents for a new access token: the text of a version 4 UUID.
//
// All tokens of one session share their first 56 bits, the family, by which a token of an earlier generation is recognised.
// The other 66 bits are new in each generation (NIST SP 800-63B §7.1 asks for 64). The database knows the SHA-256 of the
// current token and a keyed hash of the family, so a copy of it gives nothing away.
type RefreshToken string

// RefreshTokenHash is what the database keeps of a refresh token: `\x` and the SHA-256 in lower-case hex, the peer's form.
type RefreshTokenHash string

// familyLength is how much of the text all tokens of a session share: 14 hexadecimal digits, the version and two dashes.
const familyLength = len("xxxxxxxx-xxxx-4xx")

// Hash returns what the database keeps of the token.
func (t RefreshToken) Hash() RefreshTokenHash {
	sum := sha256.Sum256([]byte(t))
	return RefreshTokenHash(`\x` + hex.EncodeToString(sum[:]))
}

// wellFormed tells whether the token can be one of ours.
func (t RefreshToken) wellFormed() bool { return isUUID(string(t)) }

// isUUID tells whether text is a UUID in lower case.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}

// RefreshTokenKey is the secret from which successors and family hashes are derived. Every instance must have the same.
type RefreshTokenKey [32]byte

// Family returns the keyed hash by which the session of an earlier generation's token is found, "" for a text that never was
// a refresh token.
func (k RefreshTokenKey) Family(t RefreshToken) string {
	if !t.wellFormed() {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(k.mac("family", string(t[:familyLength]), "")[:16])
}

// Successor derives the token that follows t. Whoever has t and the nonce gets the same successor, so nothing but the nonce
// need be stored to answer a repeated refresh alike; without k neither helps.
func (k RefreshTokenKey) Successor(t RefreshToken, nonce RefreshNonce) RefreshToken {
	sum := k.mac("successor", string(t), string(nonce))
	sum[8] = sum[8]&0x3f | 0x80 // RFC 9562 §4.1: variant
	text := hex.EncodeToString(sum[6:16])
	head := string(t)
	if !t.wellFormed() { // a session that others began, with a text of another form
		head = uuidHead(sum)
	}
	return RefreshToken(head[:familyLength] + text[3:4] + "-" + text[4:8] + "-" + text[8:20])
}

// uuidHead returns the first characters of a version 4 UUID made of sum (RFC 9562 §5.4).
func uuidHead(sum []byte) string {
	text := hex.EncodeToString(sum[16:24])
	return text[:8] + "-" + text[8:12] + "-4" + text[12:15]
}

func (k RefreshTokenKey) mac(use, text, nonce string) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(use + "\x00" + text + "\x00" + nonce))
	return h.Sum(nil)
}

// RefreshNonce makes each rotation's successor unpredictable: 16 random bytes in base64url.
type RefreshNonce string

// NewRefreshNonce returns the nonce made of 16 random bytes.
func NewRefreshNonce(random [16]byte) RefreshNonce {
	return RefreshNonce(base64.RawURLEncoding.EncodeToString(random[:]))
}

// PastRotation records that one token was replaced: which one, when, and with which nonce. Its text form has a fixed width, so
// that a database can prepend one and cut the oldest without reading them.
type PastRotation struct {
	At          time.Time // millisecond resolution
	Predecessor string    // the first 128 bits of the predecessor's hash, base64url
	Nonce       RefreshNonce
}

const (
	rotationTimeDigits = 11 // hexadecimal digits of milliseconds since 1970, good until the year 2527
	rotationPartLength = 22 // 16 bytes in base64url without padding
	// PastRotationLength is the length of a PastRotation's text form in characters.
	PastRotationLength = rotationTimeDigits + 2*rotationPartLength
	// MaxPastRotations is how many rotations within one grace window are remembered for a session. A client that refreshes
	// more often than that in the window and then presents the oldest token is taken for a thief.
	MaxPastRotations = 32
)

// NewPastRotation records that t was replaced at now.
func NewPastRotation(t RefreshToken, nonce RefreshNonce, now time.Time) PastRotation {
	return PastRotation{At: now, Predecessor: predecessorOf(t), Nonce: nonce}
}

func predecessorOf(t RefreshToken) string {
	sum := sha256.Sum256([]byte(t))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// String returns the text form.
func (r PastRotation) String() string {
	stamp := strconv.FormatInt(max(r.At.UnixMilli(), 0), 16)
	return strings.Repeat("0", max(rotationTimeDigits-len(stamp), 0)) + stamp + r.Predecessor + string(r.Nonce)
}

// ParsePastRotations reads text forms written one after the other, newest first. What is not in that form ends the list.
func ParsePastRotations(text string) []PastRotation {
	var rotations []PastRotation
	for len(text) >= PastRotationLength {
		millis, err := strconv.ParseUint(text[:rotationTimeDigits], 16, 63) // which takes no sign
		if err != nil {
			return rotations
		}
		nonce := text[rotationTimeDigits+rotationPartLength : PastRotationLength]
		rotations = append(rotations, PastRotation{
			At:          time.UnixMilli(int64(millis)).UTC(),
			Predecessor: text[rotationTimeDigits : rotationTimeDigits+rotationPartLength],
			Nonce:       RefreshNonce(nonce),
		})
		text = text[PastRotationLength:]
	}
	return rotations
}

// RefreshOutcome is what became of a presented refresh token.
type RefreshOutcome string

// The outcomes.
const (
	RefreshRotated  RefreshOutcome = "rotated"  // it was replaced
	RefreshRepeated RefreshOutcome = "repeated" // it had been replaced moments ago and led to the same successor
	RefreshExpired  RefreshOutcome = "expired"
	RefreshReused   RefreshOutcome = "reused" // it had been replaced earlier; the session was ended
	RefreshUnknown  RefreshOutcome = "unknown"
	RefreshRefused  RefreshOutcome = "refused" // it is good, and the state of its account forbids it
)

// RefreshOutcomes lists them all.
func RefreshOutcomes() []RefreshOutcome {
	return []RefreshOutcome{RefreshRotated, RefreshRepeated, RefreshExpired, RefreshReused, RefreshUnknown, RefreshRefused}
}
