package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

// judge is a captcha that passes one answer.
type judge struct{ seen []string }

func (j *judge) Check(_ context.Context, answer, address string) (domain.CaptchaVerdict, error) {
	j.seen = append(j.seen, answer+" from "+address)
	switch answer {
	case "solved":
		return domain.CaptchaPassed, nil
	case "old":
		return domain.CaptchaExpired, nil
	case "away":
		return domain.CaptchaRefused, fmt.Errorf("%w: nobody answers", domain.Unavailable)
	case "misconfigured":
		return domain.CaptchaRefused, errors.New("hidden cause")
	}
	return domain.CaptchaRefused, nil
}

const captchaHeader = "x-cf-turnstile-response"

func newGuarded(t *testing.T, prefix string) (*client, *judge) {
	t.Helper()
	j := &judge{}
	return newClientWith(t, setup{options: func(o *rest.Options) {
		o.Prefix, o.Captcha = prefix, &rest.Captcha{Port: j, Header: captchaHeader}
	}}), j
}

func TestCaptcha_GuardsWhatMakesAccountsOrSendsMessages(t *testing.T) {
	t.Parallel()
	c, j := newGuarded(t, "/v1")
	var guarded []string
	for path, item := range c.contract.Paths.Map() {
		for method, o := range item.Operations() {
			got := c.serve(valid(t, method, "/v1"+path, o, "").http())
			if got.status == http.StatusForbidden && got.failure().Error == "invalid-captcha" {
				guarded = append(guarded, o.OperationID)
				require.Contains(t, o.Description, "`invalid-captcha` (403)", o.OperationID)
			} else {
				require.NotContains(t, o.Description, "invalid-captcha", o.OperationID)
			}
		}
	}
	slices.Sort(guarded)
	require.Equal(t, []string{
		"sendPasswordResetEmail", "signInOTPEmail", "signInPasswordlessEmail", "signInPasswordlessSms", "signUpEmailPassword", "signUpIdToken", "signUpOTPEmail",
		"signUpPasswordlessEmail", "signUpPasswordlessSms", "signUpWebauthn",
	}, guarded)
	require.Empty(t, j.seen, "nobody is asked about nothing")
}

func TestCaptcha_SaysWhatIsWrongWithTheHeader(t *testing.T) {
	t.Parallel()
	c, _ := newGuarded(t, "")
	send := func(answers ...string) request {
		return request{
			method: http.MethodPost, path: "/signup/email-password", body: credentials("jane@example.com", kit.Password),
			header: http.Header{http.CanonicalHeaderKey(captchaHeader): answers},
		}
	}
	for message, r := range map[string]request{
		captchaHeader + " is missing: send the answer to the captcha in this header":  send(),
		captchaHeader + " is missing: send the answer to the captcha in this header ": send(""),
		captchaHeader + " is not accepted: the captcha was not solved":                send("wrong"),
		captchaHeader + " is expired or was used before: solve the captcha again":     send("old"),
		captchaHeader + " is not accepted: there is more than one":                    send("wrong", "solved"),
	} {
		got := c.refused(r, http.StatusForbidden, domain.InvalidCaptcha)
		require.Contains(t, message, got.Message)
		require.Equal(t, captchaHeader, got.Field)
	}
	c.refused(send("away"), http.StatusServiceUnavailable, domain.Unavailable)
	c.refused(send("misconfigured"), http.StatusInternalServerError, domain.InternalServerError)
	require.Zero(t, c.kit.Count("SELECT count(*) FROM auth.users"))
	require.Equal(t, http.StatusOK, c.do(send("solved")).status)
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.users"))
}

func TestCaptcha_KnowsTheClient(t *testing.T) {
	t.Parallel()
	c, j := newGuarded(t, "")
	c.do(request{method: http.MethodPost, path: "/signup/email-password", body: `{`, header: http.Header{http.CanonicalHeaderKey(captchaHeader): {"solved"}}})
	require.Equal(t, []string{"solved from 192.0.2.1"}, j.seen)
}
