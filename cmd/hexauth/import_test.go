package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func fileOf(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

// importedHash is that of "violet-otter-41", made by Python's hashlib.
const importedHash = "$pbkdf2-sha256$i=10000$AAECAwQFBgcICQoLDA0ODw$Rzz/3ghZa5v+KZeR4DVYe5oYRzpXm8UeNwuFSlTa/cc"

func imported(name string) string {
	return fmt.Sprintf(`{"email":"%s@example.com","emailVerified":true,"passwordHash":%q,"metadata":{"from":"elsewhere"}}`, name, importedHash)
}

func TestImport_HelpExplainsIt(t *testing.T) {
	t.Parallel()
	out := strings.Join(strings.Fields(mustExecute(t, nil, "import", "--help")), " ")
	for _, word := range []string{"Usage: hexauth import FILE", "--dry-run", "--skip-bad", "docs/import.md", "Firebase", "imported again"} {
		require.Contains(t, out, word)
	}
	_, err := execute(t, nil, "import")
	require.ErrorIs(t, err, errUsage)
}

func TestImport_UsersSignInWithTheirOldPasswords(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	file := fileOf(t, imported("jane"), "", imported("joe"))
	require.Regexp(t, `^2 would be created, 0 were there already, 0 bad, in \S+s\n$`, mustExecute(t, environ, "import", file, "--dry-run"))
	require.Regexp(t, `^2 created, 0 were there already, 0 bad, in \S+s\n$`, mustExecute(t, environ, "import", file))
	require.Regexp(t, `^0 created, 2 were there already, 0 bad, in \S+s\n$`, mustExecute(t, environ, "import", file))
	s := serve(t, environ)
	for range 2 { // the second time with today's hash
		status, text := s.send(http.MethodPost, "/signin/email-password", "", `{"email":"jane@example.com","password":"violet-otter-41"}`)
		require.Equal(t, http.StatusOK, status, text)
		require.Contains(t, text, "elsewhere")
	}
}

func TestImport_ABadLineKeepsTheFileOutAndIsNamed(t *testing.T) {
	t.Parallel()
	environ := migrated(t)
	file := fileOf(t, imported("jane"), `{"email":"hunter2"}`, `hunter2`, `{"email":"joe@example.com","passwordHash":"hunter2"}`)
	const bad = "line 2: email must be an e-mail address such as jane@example.com\nline 3: line is not valid JSON\n" +
		"line 4: passwordHash is of a kind that is not known, malformed, or would cost too much to verify\n"
	for _, flag := range []string{"--dry-run", "--skip-bad=false"} {
		out, err := execute(t, environ, "import", file, flag)
		require.EqualError(t, err, "3 of 4 lines are bad, nothing was imported; --skip-bad imports the others")
		require.Equal(t, bad, out)
	}
	out, err := execute(t, environ, "import", file, "--skip-bad")
	require.EqualError(t, err, "3 lines were not imported")
	require.Contains(t, out, bad+"1 created, 0 were there already, 3 bad")
	require.Contains(t, mustExecute(t, environ, "user", "show", "jane@example.com"), "active")
}

func TestImport_NeedsAFileThatIsThere(t *testing.T) {
	t.Parallel()
	_, err := execute(t, migrated(t), "import", filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
