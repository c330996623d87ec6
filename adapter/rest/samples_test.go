package rest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

// sample returns a value that the schema allows, made of its examples.
func sample(ref *openapi3.SchemaRef) any {
	schema := ref.Value
	switch {
	case schema.Format == "date-time":
		return "2030-01-15T12:34:56Z"
	case schema.Example != nil:
		return schema.Example
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Is("object"):
		object := map[string]any{}
		for _, name := range schema.Required {
			object[name] = sample(schema.Properties[name])
		}
		return object
	case schema.Type.Is("array"):
		return []any{sample(schema.Items)}
	case schema.Type.Is("boolean"):
		return true
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return 1
	}
	return "sample"
}

// valid returns a request that the contract allows.
func valid(t testing.TB, method, path string, o *openapi3.Operation, bearer string) request {
	t.Helper()
	r := request{method: method, bearer: bearer}
	query := url.Values{}
	for _, p := range o.Parameters {
		if p.Value.Schema == nil || !p.Value.Required {
			continue
		}
		value, ok := sample(p.Value.Schema).(string)
		require.True(t, ok, p.Value.Name)
		if p.Value.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", value)
			continue
		}
		query.Set(p.Value.Name, value)
	}
	r.path = path + "?" + query.Encode()
	if o.RequestBody == nil {
		return r
	}
	for mediaType, content := range o.RequestBody.Value.Content {
		r.contentType = mediaType
		if mediaType == "application/json" {
			body, err := json.Marshal(sample(content.Schema))
			require.NoError(t, err)
			r.body = string(body)
		} else {
			r.body = "state=sample"
		}
	}
	return r
}

func TestOperations_ThatAreSwitchedOffStillDemandTheirTokenAndTheirForm(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.refused(request{method: http.MethodPost, path: "/user/webauthn/add"}, http.StatusUnauthorized, domain.Unauthorized)
	c.refused(request{method: http.MethodPost, path: "/pat"}, http.StatusUnauthorized, domain.Unauthorized)
	require.Equal(t, "phoneNumber", c.refusedPost("/signin/passwordless/sms", `{}`, http.StatusBadRequest, domain.SchemaValidation).Field)
	provider := c.refused(request{method: http.MethodGet, path: "/signin/provider/no-such-provider"}, http.StatusBadRequest, domain.SchemaValidation)
	require.Equal(t, "provider", provider.Field)
	nul := c.refused(request{method: http.MethodGet, path: "/signin/provider/github?redirectTo=x%00"}, http.StatusBadRequest, domain.RequestValidation)
	require.Equal(t, "query", nul.Field)
}
