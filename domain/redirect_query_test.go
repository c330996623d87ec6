package domain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithQuery_ReplacesItsOwnParametersAndKeepsTheRest(t *testing.T) {
	parameters := map[string]string{"type": "verifyEmail", "error": "a b&c"}
	for target, want := range map[string]string{
		"https://app.example.com":                    "https://app.example.com?error=a+b%26c&type=verifyEmail",
		"https://app.example.com/x?z=1&a=2#top":      "https://app.example.com/x?a=2&error=a+b%26c&type=verifyEmail&z=1#top",
		"https://app.example.com/?type=x&type=y&a=1": "https://app.example.com/?a=1&error=a+b%26c&type=verifyEmail",
		"myapp://callback":                           "myapp://callback?error=a+b%26c&type=verifyEmail",
		"https://app.example.com/a%20b?q=%C3%BC":     "https://app.example.com/a%20b?error=a+b%26c&q=%C3%BC&type=verifyEmail",
		"https://%zz":                                "https://%zz",
	} {
		require.Equal(t, want, WithQuery(target, parameters))
	}
}
