package rest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

func TestText_AJSONParameterIsHeldToWhatBodiesAre(t *testing.T) {
	t.Parallel()
	b := newTraveller(t, setup{})
	for metadata, code := range map[string]domain.Code{
		`{"a":"\u0000"}`: domain.SchemaValidation, `{"a":{"\u0000":1}}`: domain.SchemaValidation, `{"a":"\ud800"}`: domain.RequestValidation,
		`{"a":1,"a":2}`: domain.RequestValidation, `{"a":1e-400000}`: domain.RequestValidation,
	} {
		for _, way := range []string{"signin", "signup"} {
			failure := b.refused(request{method: http.MethodGet, path: "/" + way + "/provider/github?metadata=" + url.QueryEscape(metadata)}, http.StatusBadRequest, code)
			require.Equal(t, "metadata", failure.Field, metadata)
		}
	}
}
