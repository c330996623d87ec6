package domain

import (
	"regexp"
	"strings"
)

// Email is a syntactically valid address, its case kept as typed. Two addresses that differ only in case belong to the same
// account, in the database as well as in Canonical. The zero value means that there is no address.
type Email string

const (
	maxEmailLength     = 254 // RFC 5321 §4.5.3.1.3, less the angle brackets
	maxEmailLocalParts = 64  // RFC 5321 §4.5.3.1.1
)

// emailSyntax is the expression of HTML's e-mail input (WHATWG HTML, 4.10.5.1.5), which is also what the database's domain
// auth.email accepts, narrowed to domains that have a dot and end in a label that is not a number.
var emailSyntax = regexp.MustCompile(
	`^[a-zA-Z0-9.!#$%&'*+/=?^_` + "`" + `{|}~-]+@` +
		`(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])$`)

// ParseEmail checks the syntax of an address. The error names field and never repeats the address.
func ParseEmail(field, text string) (Email, error) {
	local, _, found := strings.Cut(text, "@")
	if !found || len(text) > maxEmailLength || len(local) > maxEmailLocalParts || !emailSyntax.MatchString(text) {
		return "", &FieldError{Code: SchemaValidation, Field: field, Reason: "must be an e-mail address such as jane@example.com"}
	}
	return Email(text), nil
}

// Canonical returns the address in lower case: the form to compare and to hash. Addresses are ASCII, so folding is exact.
func (e Email) Canonical() string { return strings.ToLower(string(e)) }
