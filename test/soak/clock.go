package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// clockVariable says, to a binary made by buildSkewed, by how many seconds its clock is ahead.
const clockVariable = "SOAK_CLOCK_SECONDS"

// What is changed in Go's package time: Now is the one place in which it reads the wall clock for others. Monotonic readings stay.
const (
	readsClock = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	addsSkew   = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n\tsec += soakSeconds\n"
	readsSkew  = `
// soakSeconds is by how much this process's clock is ahead.
var soakSeconds = func() (seconds int64) {
	text, _ := syscall.Getenv("` + clockVariable + `")
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	for _, digit := range []byte(text) {
		seconds = 10*seconds + int64(digit-'0')
	}
	if negative {
		return -seconds
	}
	return seconds
}()
`
	imports      = "import (\n"
	importsSkew  = "import (\n\t\"syscall\"\n"
	timesPackage = "time/time.go"
)

// skewed returns Go's file with a clock that can be wrong.
func skewed(source string) (string, error) {
	if strings.Count(source, readsClock) != 1 || strings.Count(source, imports) != 1 {
		return "", fmt.Errorf("Go's %s has another form than this command knows: look at func Now there, and at readsClock in test/soak/clock.go", timesPackage)
	}
	source = strings.Replace(source, readsClock, addsSkew, 1)
	return strings.Replace(source, imports, importsSkew, 1) + readsSkew, nil
}

// buildSkewed builds hexauth below dir, with that file instead of Go's own. Static binaries read the clock without the C library, so there is no
// library that could be put in between.
func buildSkewed(dir string) (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", filepath.FromSlash(timesPackage))
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	text, err := skewed(string(source))
	if err != nil {
		return "", err
	}
	// The toolchain's cache finds the packages again when the changed file has the same path and content.
	dir, err = filepath.Abs(filepath.Join(dir, "skewed"))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(dir, "time.go.skewed"), filepath.Join(dir, "overlay.json") // no file of the module
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	for path, content := range map[string]string{changed: text, overlay: string(replace)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	binary := filepath.Join(dir, "hexauth")
	build := exec.Command("go", "build", "-overlay", overlay, "-tags", "grpcnotrace", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, "./cmd/hexauth")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build hexauth with a clock that is off: %w\n%s", err, out)
	}
	return binary, nil
}
