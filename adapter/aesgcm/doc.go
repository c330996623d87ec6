// Package aesgcm keeps secrets that must be read again (private signing keys, TOTP secrets, provider tokens) unreadable in the
// database, under the key of AUTH_ENCRYPTION_KEY and in the form of hasura-auth: lower-case hex of a nonce of 12 bytes, the
// AES-GCM ciphertext and its tag of 16 bytes, without additional data. Either server reads what the other wrote.
//
// It also derives keys for other purposes from that one (DeriveKey). What is only ever compared is hashed, not encrypted, and
// does not come here.
package aesgcm
