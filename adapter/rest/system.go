package rest

import (
	"context"
	"fmt"
	"strings"

	"github.com/hexauth/hexauth/adapter/rest/api"
)

// GetJWKs is GET /.well-known/jwks.json.
func (h *handlers) GetJWKs(ctx context.Context, _ api.GetJWKsRequestObject) (api.GetJWKsResponseObject, error) {
	keys, maxAge, err := h.useCases.GetJWKS.Do(ctx)
	if err != nil {
		return nil, err
	}
	set := api.JWKSet{Keys: make([]api.JWK, len(keys))}
	for i, key := range keys {
		set.Keys[i] = jwkOf(key)
	}
	return api.GetJWKs200JSONResponse{Body: set, Headers: api.GetJWKs200ResponseHeaders{
		CacheControl: fmt.Sprintf("public, max-age=%d", int(maxAge.Seconds())),
	}}, nil
}

// HealthCheckGet is GET /healthz.
func (h *handlers) HealthCheckGet(context.Context, api.HealthCheckGetRequestObject) (api.HealthCheckGetResponseObject, error) {
	return api.HealthCheckGet200JSONResponse(api.OKResponseOK), nil
}

// HealthCheckHead is HEAD /healthz.
func (h *handlers) HealthCheckHead(context.Context, api.HealthCheckHeadRequestObject) (api.HealthCheckHeadResponseObject, error) {
	return api.HealthCheckHead200Response{}, nil
}

// GetReadiness is GET /readyz.
func (h *handlers) GetReadiness(ctx context.Context, _ api.GetReadinessRequestObject) (api.GetReadinessResponseObject, error) {
	if err := h.useCases.GetReadiness.Do(ctx); err != nil {
		return nil, err
	}
	return api.GetReadiness200JSONResponse(api.OKResponseOK), nil
}

// GetVersion is GET /version.
func (h *handlers) GetVersion(context.Context, api.GetVersionRequestObject) (api.GetVersionResponseObject, error) {
	return api.GetVersion200JSONResponse{Version: h.version}, nil
}

// GetContract is GET /openapi.yaml.
func (h *handlers) GetContract(context.Context, api.GetContractRequestObject) (api.GetContractResponseObject, error) {
	contract := api.Contract()
	return api.GetContract200ApplicationYamlResponse{Body: strings.NewReader(contract), ContentLength: int64(len(contract))}, nil
}
