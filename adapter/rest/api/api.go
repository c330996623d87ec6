package api

import (
	"context"
	_ "embed"
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var contract string

// Contract returns the text of the contract (OpenAPI 3.0, YAML), as served at /openapi.yaml.
func Contract() string { return contract }

// Load returns the contract as a valid OpenAPI document. It is parsed once a process, so nobody may change it. An error means that
// the binary was built from a broken contract.
func Load() (*openapi3.T, error) { return parsed() }

var parsed = sync.OnceValues(parse)

func parse() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contract))
	if err != nil {
		return nil, fmt.Errorf("load contract: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("validate contract: %w", err)
	}
	return doc, nil
}
