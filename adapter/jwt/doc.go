// Package jwt signs and verifies access tokens (JSON Web Tokens, RFC 7519) and publishes the keys for them (RFC 7517).
//
// There are two sources of keys behind the same ports. Static has the one key of HASURA_GRAPHQL_JWT_SECRET; Keyring has the
// keys that live in the database, encrypted, several at once, so that they can be rotated without logging anybody out:
//
//	Maker.Make ──► port.SigningKeys ──► Keyring: upcoming → signing → retiring → retired (domain.KeyStates)
//
// codec.go is what both share: how claims are written, and which tokens pass. The rule of verification is that the key decides
// about the algorithm, never the token (RFC 8725 §3.1), and that only access tokens of our own users pass: id tokens, tokens of
// OAuth2 clients and state tokens, although signed by the same key, do not (RFC 8725 §3.11–3.12).
//
// What other kinds of tokens need to be signed by the same keys may enter; who may have a token is decided elsewhere.
package jwt
