package password

import (
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptCost     = 10 // what hasura-auth uses
	maxBcryptCost  = 16 // about three seconds; a hash that costs more is not computed
	maxBcryptBytes = 72 // bcrypt ignores what comes after them
)

// bcryptCostOf returns the cost of a bcrypt hash; false when it is none or costs too much. The versions a, b and y name the
// same function, by the programs that got it right; x is another, broken one.
func bcryptCostOf(hash string) (int, bool) {
	if !strings.HasPrefix(hash, "$2a$") && !strings.HasPrefix(hash, "$2b$") && !strings.HasPrefix(hash, "$2y$") {
		return 0, false
	}
	cost, err := bcrypt.Cost([]byte(hash))
	return cost, err == nil && cost <= maxBcryptCost
}

// bcryptWellFormed tells whether salt and key of a bcrypt hash have the right length and alphabet.
func bcryptWellFormed(hash string) bool {
	const head = len("$2b$10$")
	return len(hash) == head+22+31 && strings.Trim(hash[head:], "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// bcryptMatches compares; worked is false when the hash was too malformed to compute anything. A password of more than 72 bytes
// never matches, although bcrypt would compare its beginning.
func bcryptMatches(hash, password string) (ok, worked bool) {
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	worked = err == nil || errors.Is(err, bcrypt.ErrMismatchedHashAndPassword)
	return err == nil && len(password) <= maxBcryptBytes, worked
}
