// Package password hashes passwords with argon2id (RFC 9106) or bcrypt, and verifies hashes of both and of what imported accounts
// bring along: argon2i, scrypt (RFC 7914), PBKDF2 (RFC 8018) and Firebase's scrypt.
//
// New hashes are argon2id with 19 MiB, two passes and one lane, the first choice of the OWASP Password Storage Cheat Sheet, or
// bcrypt of cost 10 for those who want to keep a way back to hasura-auth. Verification says which hashes should be replaced, and refuses
// those that would cost too much memory or time.
//
// A hash costs about 20 ms of one core and 19 MiB, so how many are computed at once is bounded (limiter.go); callers wait
// for their turn, and when too many wait they are told to come back. Which passwords are acceptable is a rule of the domain
// and not decided here. Another hash function belongs here when imported accounts carry it.
package password
