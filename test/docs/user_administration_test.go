package docs_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

func TestAdministration_CurlExampleWorksAsPasted(t *testing.T) {
	server := proc.Start(t, map[string]string{"AUTH_ADMIN_SECRET": "a-secret-of-at-least-32-characters"})
	script := at(t, strings.Join(testedIn(t, "docs/administration.md", "admin"), ""), server.URL)
	lines := strings.Split(strings.TrimSuffix(output(t, exec.Command("sh", "-euc", script)), "\n"), "\n")
	require.Len(t, lines, 4, lines)

	type administered struct {
		user
		Disabled bool     `json:"disabled"`
		Roles    []string `json:"roles"`
	}
	created := decode[administered](t, lines[0])
	require.Equal(t, "ann@example.com", created.Email)
	require.Equal(t, []string{"editor", "user"}, created.Roles)
	require.Equal(t, []administered{created}, decode[struct{ Users []administered }](t, lines[1]).Users)
	created.Disabled = true
	require.Equal(t, created, decode[administered](t, lines[2]))
	require.Equal(t, `"OK"`, lines[3])
}
