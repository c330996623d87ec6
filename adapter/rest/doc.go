// Package rest is the HTTP API: Echo in front of the use cases. A handler decodes, calls Do and encodes; rules, queries and
// tickets live elsewhere.
//
// The way of a request: access.go (request id, log line, panics, CORS) → validate.go (the contract: bearer, parameters, body)
// → the generated server of rest/api → a handler → a use case. Every error, whoever finds it, is answered by errors.go, whose
// table says which status and which message a code has.
//
// A new operation starts in api/openapi.yaml; then it gets a handler in the file of its subject and a field in UseCases.
package rest
