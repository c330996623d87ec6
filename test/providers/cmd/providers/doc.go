// Command providers runs all imitated identity providers, each at an address of its own on this machine, for tests in other
// languages than Go and for trying things out. Its first and only line says, as JSON, what configures hexauth for them and
// where they are:
//
//	{"environment": {"AUTH_PROVIDER_APPLE_ENABLED": "true", …}, "urls": {"apple": "http://127.0.0.1:40001", …}}
//
// PUT <url>/person says who is at the browser from then on: a providers.Person as JSON, its attestation by name ("yes",
// "no", "absent", "text true", "text false", "number"). It ends with its standard input.
package main
