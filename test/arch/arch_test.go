package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root   = "../.."
	module = "github.com/hexauth/hexauth/"
)

// topLevel is everything that may stand at the top of the repository.
var topLevel = []string{
	"domain", "usecase", "adapter", "port", "cmd", "config", "migrations", "test", "docs", "deploy",
	"go.mod", "go.sum", "Makefile", "README.md", "LICENSE", ".ci", ".git", ".gitignore",
	"bin", "data", // not under version control
}

// allowed says which of our own packages a layer may import, and whether it may import others' packages at all. The longest
// matching prefix counts.
var allowed = map[string]struct {
	own    []string
	others bool
}{
	"domain":        {nil, false},
	"port":          {[]string{"domain"}, false},
	"port/porttest": {[]string{"domain", "port"}, true},
	"usecase":       {[]string{"domain", "port"}, false},
	"adapter":       {[]string{"domain", "port", "adapter/outgoing"}, true},
	// What JSON from outside must be like.
	"adapter/userfile": {[]string{"domain", "port", "adapter/strictjson"}, true},
	// The store's schema, and what lives below the adapter itself.
	"adapter/bunstore": {[]string{"domain", "port", "migrations"}, true},
	"adapter/rest":     {[]string{"domain", "port", "usecase", "adapter/rest", "adapter/strictjson"}, true},
	"config":           {[]string{"domain", "config"}, true},
	"migrations":       {nil, true},
	"cmd":              {[]string{""}, true},
	"test":             {[]string{""}, true},
}

// outside are packages of the standard library that the inner layers must not know.
var outside = []string{"net/http", "database/sql", "encoding/json", "log/slog", "os", "math/rand", "crypto/rand"}

// goFile is one parsed source file.
type goFile struct {
	folder string // below the root, with slashes
	name   string
	test   bool
	syntax *ast.File
}

func goFiles(t *testing.T) []goFile {
	var files []goFile
	require.NoError(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "node_modules", "bin", "data", "testdata"}, entry.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		files = append(files, goFile{
			folder: filepath.ToSlash(filepath.Dir(relative)), name: filepath.ToSlash(relative),
			test: strings.HasSuffix(name, "_test.go"), syntax: syntax,
		})
		return err
	}))
	require.Greater(t, len(files), 50)
	return files
}

func TestImports_PointInwardsOnly(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.test {
			continue // tests may reach for anything
		}
		layer, found := layerOf(file.folder)
		require.True(t, found, "%s belongs to no layer", file.name)
		rule := allowed[layer]
		for _, spec := range file.syntax.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			own, isOwn := strings.CutPrefix(imported, module)
			switch {
			case isOwn:
				require.True(t, slices.ContainsFunc(rule.own, func(p string) bool { return within(own, p) }), "%s must not import %s", file.name, imported)
			case strings.Contains(strings.Split(imported, "/")[0], "."):
				require.True(t, rule.others, "%s must not import %s", file.name, imported)
			case !rule.others:
				require.NotContains(t, outside, imported, "%s must not know %s", file.name, imported)
			}
		}
	}
}

// layerOf returns the longest rule that covers a folder.
func layerOf(folder string) (layer string, found bool) {
	for candidate := range allowed {
		if within(folder, candidate) && len(candidate) >= len(layer) {
			layer, found = candidate, true
		}
	}
	return layer, found
}

func within(name, folder string) bool {
	return folder == "" || name == folder || strings.HasPrefix(name, folder+"/")
}

func TestTopLevel_HasNothingElse(t *testing.T) {
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		require.Contains(t, topLevel, entry.Name())
	}
}

func TestPackages_ExplainThemselvesInDocGo(t *testing.T) {
	docs, folders := map[string]bool{}, map[string]bool{}
	for _, file := range goFiles(t) {
		folders[file.folder] = true
		if path.Base(file.name) == "doc.go" && file.syntax.Doc != nil && len(file.syntax.Doc.Text()) > 60 {
			docs[file.folder] = true
		}
	}
	for folder := range folders {
		require.True(t, docs[folder], "%s has no doc.go that says what lives there and what may enter", folder)
	}
}

func TestClockAndChance_ArePortsEverywhereElse(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.test || within(file.folder, "adapter/system") || within(file.folder, "cmd") || within(file.folder, "test") || within(file.folder, "port/porttest") {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			selector, isSelector := node.(*ast.SelectorExpr)
			if !isSelector {
				return true
			}
			if receiver, isName := selector.X.(*ast.Ident); isName {
				require.NotContains(t, []string{
					"time.Now", "time.Since", "time.Until", "rand.Read", "rand.Int", "rand.IntN", "rand.Text", "rand.Reader", "uuid.New", "uuid.NewString",
				}, receiver.Name+"."+selector.Sel.Name, file.name)
			}
			return true
		})
	}
}

func TestPackages_HoldNoState(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.test || within(file.folder, "test") || strings.HasSuffix(file.name, ".gen.go") {
			continue
		}
		for _, declaration := range file.syntax.Decls {
			function, isFunction := declaration.(*ast.FuncDecl)
			if isFunction {
				require.False(t, function.Recv == nil && function.Name.Name == "init", "%s has an init function", file.name)
			}
		}
	}
}

// What finds methods by names that are made up at run time makes the linker keep every exported method of every type: the binary
// and the memory it maps grow by a third. Template engines do.
func TestBinary_NothingLooksForMethodsByName(t *testing.T) {
	build := exec.Command("go", "build", "-tags", "grpcnotrace", "-trimpath", "-buildvcs=false", "-ldflags=-dumpdep", "-o", os.DevNull, "./cmd/hexauth")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	graph, err := build.CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(graph), "main.main -> ", "the linker says what reaches what")
	for line := range strings.Lines(string(graph)) {
		require.NotContains(t, line, "<ReflectMethod>")
	}
}
