package docs_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/test/proc"
)

func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for path, text := range documents(t) {
		links := 0
		for _, match := range link.FindAllStringSubmatch(withoutBlocks(text), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			links++
			file, fragment, _ := strings.Cut(match[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			if fragment != "" {
				require.Contains(t, anchors(read(t, target)), fragment, "%s: %s", path, match[1])
			} else if _, err := filepath.EvalSymlinks(target); err != nil {
				t.Errorf("%s: %s: %v", path, match[1], err)
			}
		}
		if filepath.Base(path) != "configuration.md" { // generated, without links
			require.NotZero(t, links, path)
		}
	}
}

// anchors returns the fragments by which GitHub finds the headings of a document.
func anchors(text string) []string {
	var list []string
	for _, match := range regexp.MustCompile(`(?m)^#{1,6} +(.*)$`).FindAllStringSubmatch(withoutBlocks(text), -1) {
		kept := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(match[1]), "")
		list = append(list, strings.ReplaceAll(strings.TrimSpace(kept), " ", "-"))
	}
	return list
}

func TestDocuments_NameOnlyVariablesThatExist(t *testing.T) {
	known := func(name string, prefix bool) bool {
		return slices.ContainsFunc(config.Variables(), func(v config.Variable) bool {
			return v.Name == name || prefix && strings.HasPrefix(v.Name, name+"_")
		})
	}
	mention := regexp.MustCompile(`\b((?:AUTH|POSTGRES|HASURA_GRAPHQL)(?:_[A-Z0-9]+)+)(_\*)?`)
	for path, text := range documents(t) {
		matches := mention.FindAllStringSubmatch(text, -1)
		require.NotEmpty(t, matches, path)
		for _, match := range matches {
			require.True(t, known(match[1], match[2] != ""), "%s names %s, which no variable is called", path, match[0])
		}
	}
}

// commands returns what follows "hexauth " in code spans and at the start of lines of code blocks, comments left out.
func commands(text string) []string {
	var list []string
	for _, match := range regexp.MustCompile("`hexauth ([^`]+)`").FindAllStringSubmatch(withoutBlocks(text), -1) {
		list = append(list, match[1])
	}
	for _, block := range regexp.MustCompile("(?ms)^```sh$(.*?)^```$").FindAllString(text, -1) {
		for _, match := range regexp.MustCompile(`(?m)^(?:bin/)?hexauth ([^#\n]+)`).FindAllStringSubmatch(block, -1) {
			list = append(list, match[1])
		}
	}
	return list
}

// helpOf returns the help for a command. The last of words may be an argument, if the command takes any.
func helpOf(t *testing.T, binary string, words []string) string {
	t.Helper()
	command := words
	for {
		require.NotEmpty(t, command, "hexauth %s", words)
		help, err := exec.Command(binary, append(slices.Clone(command), "--help")...).CombinedOutput()
		text := strings.Join(strings.Fields(string(help)), " ")
		usage := "Usage: hexauth " + strings.Join(command, " ")
		if err == nil && regexp.MustCompile(regexp.QuoteMeta(usage)+`( |$)`).MatchString(text) {
			takesArguments := regexp.MustCompile(regexp.QuoteMeta(usage) + ` \[?[A-Z]`).MatchString(text)
			require.True(t, len(command) == len(words) || takesArguments, "hexauth %s", words)
			return text
		}
		command = command[:len(command)-1]
	}
}

func TestDocuments_NameTheEventsOfTheLog(t *testing.T) {
	document := read(t, filepath.Join(root, "docs", "observability.md"))
	events := regexp.MustCompile(`"event", "([a-z_]+)"`).FindAllStringSubmatch(statements(t, "adapter", "cmd", "usecase"), -1)
	require.Greater(t, len(events), 10)
	for _, event := range events {
		require.True(t, strings.Contains(document, "`"+event[1]+"`"), "%s is not explained", event[1])
	}
}

func TestDocuments_NameOnlyCommandsThatExist(t *testing.T) {
	binary := proc.Build(t)
	for path, text := range documents(t) {
		for _, command := range commands(text) {
			help := helpOf(t, binary, strings.Fields(regexp.MustCompile(`^[a-z]+(?:[ -][a-z]+)*`).FindString(command)))
			for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(command, -1) {
				require.Contains(t, help, flag, "%s: hexauth %s", path, command)
			}
		}
		if filepath.Base(path) == "README.md" {
			require.NotEmpty(t, commands(text))
		}
	}
}

func TestReadme_NamesTheTargetsOfTheMakefile(t *testing.T) {
	var named, there []string
	for _, match := range regexp.MustCompile("(?m)^\\| `make ([a-z-]+)` \\|").FindAllStringSubmatch(read(t, filepath.Join(root, "README.md")), -1) {
		named = append(named, match[1])
	}
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllStringSubmatch(read(t, filepath.Join(root, "Makefile")), -1) {
		if match[1] != "help" {
			there = append(there, match[1])
		}
	}
	require.ElementsMatch(t, there, named)
}
