// Package password hashes passwords with argon2id (RFC 9106) or bcrypt and verifies hashes of both.
//
// New hashes are argon2id with 19 MiB, two passes and one lane, the first choice of the OWASP Password Storage Cheat Sheet, or
// bcrypt of cost 10 for those who want to keep a way back to hasura-auth. Verification accepts the bcrypt and argon2id hashes
// that imported accounts bring along and says which of them should be replaced.
//
// A hash costs about 20 ms of one core and 19 MiB, so how many are computed at once is bounded (limiter.go); callers wait
// for their turn, and when too many wait they are told to come back. Which passwords are acceptable is a rule of the domain
// and not decided here. Another hash function belongs here when imported accounts carry it.
package password
