package pgtest

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// errNoBinaries is told to the developer, so it says what to do.
var errNoBinaries = errors.New("PostgreSQL's server programs (initdb, pg_ctl, postgres) were not found: " +
	"run 'apt-get install postgresql', or set TEST_POSTGRES_URL to a server on which the tests may create databases")

// binDir returns the first of dirs that holds all of PostgreSQL's server programs.
func binDir(dirs []string) (string, error) {
	for _, dir := range dirs {
		if hasPrograms(dir) {
			return dir, nil
		}
	}
	return "", errNoBinaries
}

func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// candidates lists the folders in which the programs may be: that of the PATH, that of pg_config, then Debian's, the
// newest version first.
func candidates() []string {
	var dirs []string
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return dirs
	}
	return append(dirs, newestFirst(debian)...)
}

// newestFirst sorts folders named …/<major version>/bin by version, the highest first.
func newestFirst(dirs []string) []string {
	version := func(dir string) float64 {
		v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		if err != nil {
			return 0
		}
		return v
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return dirs
}
