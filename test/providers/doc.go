// Package providers imitates the identity providers that hexauth knows by name, each in its own wire format, so that everything
// can be tried without one of them: adapters, flows, the whole server, a browser.
//
//	github := providers.Start(t, "github")
//	github.SignsIn(providers.Person{ID: "1", Email: "jane@example.com", Attested: providers.Yes})
//	…hexauth runs with github.Environment() and sends the browser to location…
//	callback := github.Consent(t, location)   // what the browser brings back
//
// A provider checks what a real one checks (client, credentials in the place where it wants them, address of the callback, PKCE
// verifier, codes that are good once, signatures) and answers mistakes as the real one does. Every provider has its own
// address, so answers can be crossed between them. Requests are kept for tests to compare, and each answer can be replaced.
//
// A provider is described in dialects.go, its profiles in profiles.go. It must not import the adapter that it tests.
package providers
