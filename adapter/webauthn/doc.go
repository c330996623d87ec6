// Package webauthn is the relying party of WebAuthn Level 3: it makes the options for navigator.credentials.create() and get(),
// and checks what browsers and authenticators answer. The cryptography and the order of the checks are go-webauthn's.
//
// What hasura-auth's clients and passkeys expect decides the shapes: options come without an envelope, and user.id is the text of
// the user's UUID, which browsers take for base64url (userOfHandle).
//
// Nothing is remembered here: the state of a ceremony is a text that the caller keeps, gives back once and bounds in time, so
// that the two halves may reach different instances. That a credential is new, that the user may sign in, and what a key is good
// for are decided elsewhere.
package webauthn
