package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

func TestWaysInPolicy_KeepsTheLastWayIn(t *testing.T) {
	everything := domain.WaysInPolicy{Mail: true, SMS: true, SecurityKeys: true, Providers: func(name string) bool { return name == "github" }}
	nothing := domain.WaysInPolicy{}
	oneKey := domain.WaysIn{SecurityKeys: 1}
	for name, c := range map[string]struct {
		policy domain.WaysInPolicy
		left   domain.WaysIn
		want   error
	}{
		"nothing":                     {everything, domain.WaysIn{}, domain.LastWayIn},
		"another key":                 {everything, domain.WaysIn{SecurityKeys: 1}, nil},
		"an address and a password":   {everything, domain.WaysIn{Email: true, Password: true}, nil},
		"a password without address":  {everything, domain.WaysIn{Password: true}, domain.LastWayIn},
		"an address that is mailed":   {everything, domain.WaysIn{Email: true}, nil},
		"a verified phone":            {everything, domain.WaysIn{VerifiedPhone: true}, nil},
		"a provider":                  {everything, domain.WaysIn{Providers: []string{"google", "github"}}, nil},
		"a provider nobody offers":    {everything, domain.WaysIn{Providers: []string{"google"}}, domain.LastWayIn},
		"what is switched off":        {domain.WaysInPolicy{SecurityKeys: true}, domain.WaysIn{Email: true, VerifiedPhone: true, Providers: []string{"github"}}, domain.LastWayIn},
		"a password is always a way":  {domain.WaysInPolicy{SecurityKeys: true}, domain.WaysIn{Email: true, Password: true}, nil},
		"keys, which are not allowed": {nothing, domain.WaysIn{}, nil},
	} {
		err := c.policy.MayLose(oneKey, c.left)
		if c.want == nil {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, c.want, err, name)
		}
	}
}
