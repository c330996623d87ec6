// Package oidc knows users of any OpenID issuer that the configuration names (OpenID Connect Core 1.0, Discovery 1.0), and verifies
// id tokens of those issuers, of Apple and of Google.
//
//	Issuer    port.IdentityProvider and port.IDTokens of an issuer whose addresses are discovered
//	Verifier  port.IDTokens of an issuer whose addresses are known
//	keySet    an issuer's keys, cached, renewed in the background and when a token names an unknown one
//
// Nothing is asked before it is needed, so an issuer that is down at start stops nothing. What was once had stays good while the
// issuer is down. An identity is the pair of issuer and subject; the name in the configuration is only how it is called.
package oidc
