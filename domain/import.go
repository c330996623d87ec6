package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"time"
)

// ImportRecord is a user of another system, as a file has it. Zero values mean that nothing is stated.
type ImportRecord struct {
	Email         string
	EmailVerified bool
	PasswordHash  string
	DisplayName   string
	Locale        string
	Roles         []string
	DefaultRole   string
	Metadata      Metadata
	CreatedAt     time.Time
	PhoneNumber   string
	TOTPSecret    string // base32
	Providers     []ProviderIdentity
}

// ImportLine is a line of such a file.
type ImportLine struct {
	Number  int // counted from 1
	Record  ImportRecord
	Mistake error // why there is no record: a FieldError that repeats no value
}

// ImportedUser is an account that comes from another system. The second factor is active when there is a secret.
type ImportedUser struct {
	User
	TOTPSecret string // base32, "" for none
	Providers  []ProviderLink
}

// ImportKey makes ids of imported users.
type ImportKey [32]byte

// UserID returns the id of the user whom identity names: always the same, so that who was imported is not imported again, and
// unpredictable without the key. It has the form of a random UUID.
func (k ImportKey) UserID(identity string) UserID {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(identity))
	sum := mac.Sum(nil)[:16]
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	text := hex.EncodeToString(sum)
	return UserID(text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:])
}

// The lengths of TOTP secrets in base32: RFC 4226 §4 demands 16 bytes, but common apps make do with ten.
const minTOTPSecret, maxTOTPSecret = 16, 256

// ParseTOTPSecret reads a secret in base32, with or without blanks and padding.
func ParseTOTPSecret(field, text string) (string, error) {
	secret := strings.ToUpper(strings.TrimRight(strings.Join(strings.Fields(text), ""), "="))
	_, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(secret) < minTOTPSecret || len(secret) > maxTOTPSecret {
		return "", &FieldError{Code: InvalidRequest, Field: field, Reason: "must be a secret of at least ten bytes in base32"}
	}
	return secret, nil
}
