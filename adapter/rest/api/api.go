package api

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var contract string

// Contract returns the text of the contract (OpenAPI 3.0, YAML), as served at /openapi.yaml.
func Contract() string { return contract }

// Load parses the contract and checks that it is a valid OpenAPI document. Every call returns a document of its own, which the
// caller may change. An error means that the binary was built from a broken contract.
func Load(ctx context.Context) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contract))
	if err != nil {
		return nil, fmt.Errorf("load contract: %w", err)
	}
	if err := doc.Validate(ctx); err != nil {
		return nil, fmt.Errorf("validate contract: %w", err)
	}
	return doc, nil
}
