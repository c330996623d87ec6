// Package totp makes and checks time-based one-time passwords (RFC 6238) as port.TOTP: SHA-1, six digits, steps of 30 seconds,
// the parameters that every authenticator app understands and hasura-auth uses.
//
// The arithmetic and the QR code live here. Where secrets are kept, which steps were used already and how often somebody may
// guess is decided by the use cases.
package totp
