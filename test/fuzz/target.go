package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const module = "github.com/hexauth/hexauth/"

// target is a fuzz target of a package.
type target struct {
	folder string // below the top, with slashes
	name   string
	about  string // what it parses: the first sentence of its comment, without the name
}

func (t target) String() string { return t.folder + "." + t.name }

func (t target) corpus() string {
	return filepath.Join(filepath.FromSlash(t.folder), "testdata", "fuzz", t.name)
}

// find returns all targets, sorted. What a target is, the packages' own sources say; building every test to ask it
// would take minutes.
func find(ctx context.Context) ([]target, error) {
	list := exec.CommandContext(ctx, "go", "list", "-f", `{{$d := .ImportPath}}{{range .TestGoFiles}}{{$d}} {{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$d}} {{$.Dir}}/{{.}}{{"\n"}}{{end}}`, "./...")
	files, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var targets []target
	for line := range strings.Lines(string(files)) {
		path, file, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			continue
		}
		inFile, err := targetsIn(strings.TrimPrefix(path, module), file)
		if err != nil {
			return nil, err
		}
		targets = append(targets, inFile...)
	}
	slices.SortFunc(targets, func(a, b target) int { return strings.Compare(a.String(), b.String()) })
	return targets, nil
}

func targetsIn(folder, file string) (targets []target, err error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, declared := range syntax.Decls {
		function, ok := declared.(*ast.FuncDecl)
		if !ok || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Fuzz") {
			continue
		}
		targets = append(targets, target{folder, function.Name.Name, firstSentence(function.Name.Name, function.Doc.Text())})
	}
	return targets, nil
}

// firstSentence returns what a comment says, without the name that it begins with and what follows the first sentence.
func firstSentence(name, comment string) string {
	text := strings.TrimSpace(strings.TrimPrefix(strings.Join(strings.Fields(comment), " "), name))
	if end := regexp.MustCompile(`[.:] |\.$`).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return text
}
