package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudge_KnowsWhatMayHappenInAnOutage(t *testing.T) {
	const refusal = `{"status":503,"error":"service-unavailable","message":"Later.","requestId":"1"}`
	later := http.Header{"Retry-After": {"1"}}
	for name, c := range map[string]struct {
		wants, status int
		header        http.Header
		body          string
		outcome       outcome
	}{
		"what was wanted":                      {200, 200, nil, `{}`, done},
		"a refusal that was wanted":            {401, 401, nil, `{}`, done},
		"a clean 503":                          {200, 503, later, refusal, unavailable},
		"a clean 503 where 401 is wanted":      {401, 503, later, refusal, unavailable},
		"a 503 that does not say when to come": {200, 503, nil, refusal, wrong},
		"a 503 without a body":                 {200, 503, later, "", wrong},
		"a 503 of another code":                {200, 503, later, `{"status":503,"error":"other","message":"m","requestId":"1"}`, wrong},
		"a 401":                                {200, 401, nil, `{}`, wrong},
		"a 500":                                {200, 500, nil, `{}`, wrong},
		"an open door that should be shut":     {401, 200, nil, `{}`, wrong},
		"the proxy's 502":                      {200, 502, http.Header{proxyHeader: {"EOF"}}, "", broken},
		"a 502 that is not the proxy's":        {200, 502, nil, "", wrong},
	} {
		got, err := judge(c.wants, c.status, c.header, []byte(c.body))
		require.Equal(t, c.outcome, got, name)
		require.Equal(t, got == done, err == nil, name)
	}
}
