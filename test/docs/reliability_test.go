package docs_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReliability_ListsTheTestsThereAre(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "test", "reliability", "*_test.go"))
	require.NoError(t, err)
	var there, listed []string
	for _, file := range files {
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(read(t, file), -1) {
			there = append(there, match[1])
		}
	}
	for _, match := range regexp.MustCompile("(?m)^\\| `(Test\\w+)` \\|").FindAllStringSubmatch(read(t, filepath.Join(root, "docs", "reliability.md")), -1) {
		listed = append(listed, match[1])
	}
	require.NotEmpty(t, there)
	require.ElementsMatch(t, there, listed)
}
