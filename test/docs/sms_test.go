package docs_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

func TestSMS_CurlExampleWorksAsPasted(t *testing.T) {
	server := proc.Start(t, map[string]string{"AUTH_SMS_PASSWORDLESS_ENABLED": "true"})
	_, rest, found := strings.Cut(read(t, filepath.Join(root, "docs", "sms.md")), "<!-- tested: curl -->\n```sh\n")
	require.True(t, found)
	script, _, _ := strings.Cut(rest, "```")
	out := output(t, exec.Command("sh", "-euc", at(t, script, server.URL)))
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(out, "}{", "}\n{")), "\n")
	require.Equal(t, `"OK"`, lines[0])
	session := decode[payload](t, lines[len(lines)-1]).Session
	require.NotEmpty(t, session.AccessToken)
	require.Contains(t, out, `"phoneNumber":"+12025550123","phoneNumberVerified":true`)
}
