// Package hibp asks Have I Been Pwned, or a mirror of it, whether a password is known to have been breached, as
// port.BreachedPasswords. The password stays here: only the first five characters of its SHA-1 are sent (k-anonymity), and the
// answer is padded, so that its length tells an observer nothing.
//
// The range endpoint is all that lives here. What follows from an answer, or from having none, is decided by the use cases.
package hibp
