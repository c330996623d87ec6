package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// output runs a command and returns what it printed; anything on standard error or another exit code than 0 fails the test.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s", stderr.String(), out)
	require.Empty(t, stderr.String())
	return string(out)
}

// user and session are as much of the answers as README.md promises.
type user struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

type session struct {
	AccessToken    string `json:"accessToken"`
	RefreshToken   string `json:"refreshToken"`
	RefreshTokenID string `json:"refreshTokenId"`
	User           user   `json:"user"`
}

type payload struct {
	Session session `json:"session"`
}

func decode[T any](t *testing.T, line string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(line), &value), line)
	return value
}

func TestReadme_CurlExampleWorksAsPasted(t *testing.T) {
	server := proc.Start(t, nil)
	script := at(t, strings.Join(tested(t, "curl"), ""), server.URL)
	lines := strings.Split(strings.TrimSuffix(output(t, exec.Command("sh", "-euc", script)), "\n"), "\n")
	require.Len(t, lines, 4, lines)

	signedUp := decode[payload](t, lines[0]).Session
	me := decode[user](t, lines[1])
	refreshed := decode[session](t, lines[2])
	signedIn := decode[payload](t, lines[3]).Session

	require.NotEmpty(t, me.ID)
	require.Equal(t, "jane@example.com", me.Email)
	for _, s := range []session{signedUp, refreshed, signedIn} {
		require.Equal(t, me, s.User)
		require.NotEmpty(t, s.AccessToken)
	}
	require.Equal(t, signedUp.RefreshTokenID, refreshed.RefreshTokenID)
	require.NotEqual(t, signedUp.RefreshToken, refreshed.RefreshToken)
	require.NotEqual(t, signedUp.RefreshTokenID, signedIn.RefreshTokenID)
}

func TestReadme_JavaScriptExampleWorksAsPasted(t *testing.T) {
	modules, err := filepath.Abs(filepath.Join(root, "test", "e2e", "node_modules"))
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(modules, "@nhost", "nhost-js"), "run `make test`, which installs the JavaScript client")

	server := proc.Start(t, map[string]string{"AUTH_API_PREFIX": "/v1"})
	dir := t.TempDir()
	require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	program := at(t, strings.Join(tested(t, "nhost-js"), ""), server.URL)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hello.mjs"), []byte(program), 0o600))

	cmd := exec.Command("node", "hello.mjs")
	cmd.Dir = dir
	require.Regexp(t, `^signed up: Joe\nsigned in as: joe-\d+@example\.com\nrefreshed: true\nsigned out: true\n$`, output(t, cmd))
}

func TestReadme_NamesTheVersionOfTheClientThatIsTested(t *testing.T) {
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, filepath.Join(root, "test", "e2e", "package.json"))), &manifest))
	version := manifest.Dependencies["@nhost/nhost-js"]
	require.NotEmpty(t, version)
	text := read(t, filepath.Join(root, "README.md"))
	require.Contains(t, text, "npm install @nhost/nhost-js@"+version+"\n")
	require.Contains(t, text, "`@nhost/nhost-js` "+version+" ")
}
