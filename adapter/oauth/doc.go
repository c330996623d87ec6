// Package oauth asks the named identity providers who somebody is, as port.IdentityProvider.
//
//	Begin                       browser                         Finish
//	  │ state, PKCE challenge,     │                              │
//	  │ nonce                      ▼                              │
//	  └────────────────────▶ provider's page ── callback: code ─▶ │ code, PKCE verifier, secret ─▶ token address
//	                                                              │ access token ───────────────▶ profile address
//	                                                              ▼
//	                                                       domain.ProviderIdentity
//
// Each provider has one file, which says only what is particular about it: addresses, scopes, which protections it knows, how
// its profile is read, and whether it attests the address. What two of them share stands above them: provider.go (OAuth 2.0),
// oauth1.go (OAuth 1.0a), client.go (outgoing requests), idtoken.go, profile.go.
//
// An address counts as attested only where the provider says so, explicitly and in the form in which it is known to say it.
// What an attested address, or one that is not, is good for is decided by the use cases.
package oauth
