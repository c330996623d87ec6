package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the repository, seen from here.
const root = "../.."

// documents returns README.md, docs/*.md and docs/*/*.md, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	below, err := filepath.Glob(filepath.Join(root, "docs", "*", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	paths = append(paths, below...)
	texts := map[string]string{}
	for _, path := range append(paths, filepath.Join(root, "README.md")) {
		texts[path] = read(t, path)
	}
	return texts
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// tested returns the code blocks of README.md that are marked as tested with name, in order.
func tested(t *testing.T, name string) []string {
	t.Helper()
	return testedIn(t, "README.md", name)
}

// testedIn is tested for another document.
func testedIn(t *testing.T, document, name string) []string {
	t.Helper()
	block := regexp.MustCompile("(?ms)^<!-- tested: " + name + " -->\n```[a-z]+\n(.*?)^```$")
	var blocks []string
	for _, match := range block.FindAllStringSubmatch(read(t, filepath.Join(root, filepath.FromSlash(document))), -1) {
		blocks = append(blocks, match[1])
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// at replaces the address that the documents show, which must stand in text exactly once, by that of a running server.
func at(t *testing.T, text, url string) string {
	t.Helper()
	const shown = "http://127.0.0.1:4000"
	require.Equal(t, 1, strings.Count(text, shown), text)
	return strings.ReplaceAll(text, shown, url)
}

// withoutBlocks drops the code blocks.
func withoutBlocks(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
}
