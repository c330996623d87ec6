// Package authenticator holds passkeys in software, together with the browser in front of them: it answers the options of
// WebAuthn's ceremonies as navigator.credentials does, and lies on demand. It is written from the specification alone, on the
// standard library, so that it can't share a mistake with the libraries that the product uses.
//
// A new kind of key or a new lie gets a field here; what the product makes of it is tested elsewhere.
package authenticator
