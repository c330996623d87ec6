// Package api holds the contract of the product, openapi.yaml, and the Go code generated from it: request and response
// types, the routes, and the StrictServerInterface that adapter/rest implements.
//
// The contract comes first. A change of the API starts in openapi.yaml and reaches the code by "make generate"; nothing is
// ever edited in api.gen.go. What only the Go code has to know (types of members, headers set outside the handlers) stands in
// codegen.overlay.yaml, so that the published document stays free of it.
//
// Only the contract, its settings and the few lines that load it may enter; handlers live in adapter/rest.
package api

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config codegen.yaml openapi.yaml
