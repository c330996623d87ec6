package docs_test

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/test/proc"
)

// deployFiles returns the files below deploy/ by path.
func deployFiles(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "deploy"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			texts[path] = read(t, path)
		}
		return err
	}))
	require.NotEmpty(t, texts)
	return texts
}

func TestDeploy_NamesOnlyVariablesThatExist(t *testing.T) {
	var known []string
	for _, v := range config.Variables() {
		known = append(known, v.Name)
	}
	mentions := 0
	for path, text := range deployFiles(t) {
		for _, name := range regexp.MustCompile(`\bAUTH(?:_[A-Z0-9]+)+\b`).FindAllString(text, -1) {
			mentions++
			require.True(t, slices.Contains(known, name), "%s names %s", path, name)
		}
	}
	require.NotZero(t, mentions)
}

func TestDeploy_YAMLIsSound(t *testing.T) {
	documents := 0
	for path, text := range deployFiles(t) {
		if filepath.Ext(path) != ".yaml" {
			continue
		}
		decoder := yaml.NewDecoder(strings.NewReader(text))
		decoder.KnownFields(true)
		for {
			var document map[string]any
			err := decoder.Decode(&document)
			if err == io.EOF {
				break
			}
			require.NoError(t, err, path)
			require.NotEmpty(t, document, path)
			documents++
		}
	}
	require.NotZero(t, documents)
}

// The environments of the compose file and of the Kubernetes manifest, with the secrets filled in, are what a production server
// accepts.
func TestDeploy_ConfigurationsAreAccepted(t *testing.T) {
	binary := proc.Build(t)
	secrets := map[string]string{
		"AUTH_DATABASE_URL": "postgres://hexauth:secret@database:5432/hexauth", "AUTH_ENCRYPTION_KEY": strings.Repeat("6f1a", 16),
		"AUTH_SERVER_URL": "https://auth.example.com/v1", "AUTH_CLIENT_URL": "https://app.example.com",
	}
	for _, file := range []string{"docker/compose.yaml", "kubernetes/hexauth.yaml"} {
		environment := map[string]string{}
		for _, match := range regexp.MustCompile(`(?m)^ +(AUTH_[A-Z0-9_]+): (.*)$`).FindAllStringSubmatch(read(t, filepath.Join(root, "deploy", file)), -1) {
			environment[match[1]] = strings.Trim(match[2], `"`)
		}
		require.NotEmpty(t, environment)
		maps.Copy(environment, secrets)
		command := exec.Command(binary, "config")
		command.Env = []string{}
		for name, value := range environment {
			command.Env = append(command.Env, name+"="+value)
		}
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", file, out)
		require.NotContains(t, string(out), "means nothing", file)
	}
}
