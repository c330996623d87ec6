package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestFind_ReadsTargetsFromTheSourceWithWhatTheyAreFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x_test.go")
	write(t, file, "package x\n\n// FuzzOne reads a.b and\n// c. It is good.\nfunc FuzzOne(f *testing.F) {}\n\nfunc Fuzz_two() {}\n\nfunc (x) FuzzNot() {}\n\nfunc TestFuzz() {}\n")
	found, err := targetsIn("adapter/x", file)
	require.NoError(t, err)
	require.Equal(t, []target{{"adapter/x", "FuzzOne", "reads a.b and c"}, {"adapter/x", "Fuzz_two", ""}}, found)
	require.Equal(t, "adapter/x.FuzzOne", found[0].String())
}

func TestOutcome_IsReadFromWhatGoTestPrints(t *testing.T) {
	var o outcome
	for _, line := range []string{
		"fuzz: elapsed: 0s, gathering baseline coverage: 0/9 completed", "fuzz: elapsed: 0s, gathering baseline coverage: 9/9 completed, now fuzzing with 1 workers",
		"fuzz: elapsed: 3s, execs: 102 (34/sec), new interesting: 5 (total: 14)", "fuzz: elapsed: 1m1s, execs: 2048 (34/sec), new interesting: 7 (total: 16)", "PASS",
	} {
		o.read(line)
	}
	require.Equal(t, outcome{took: 61 * time.Second, executions: 2048, found: 7}, o)
}

func TestKeep_TakesSmallAndLargeInputsUntilEnoughIsThere(t *testing.T) {
	t.Chdir(t.TempDir())
	cache, one := t.TempDir(), target{folder: "adapter/x", name: "FuzzOne"}
	from := filepath.Join(cache, filepath.FromSlash(module), "adapter", "x", "FuzzOne")
	kept, err := keep(cache, one)
	require.NoError(t, err)
	require.Zero(t, kept)
	write(t, filepath.Join(one.corpus(), "by hand"), "h")
	write(t, filepath.Join(from, "too large"), strings.Repeat("x", maxFile+1))
	for size := range 10 * maxFiles {
		write(t, filepath.Join(from, strconv.Itoa(size)), strings.Repeat("x", size))
	}
	for range 2 { // the second time there is nothing to do
		kept, err = keep(cache, one)
		require.NoError(t, err)
		require.Equal(t, maxFiles, kept)
	}
	list, err := inputs(one.corpus())
	require.NoError(t, err)
	require.Len(t, list, maxFiles)
	require.Zero(t, list[0].size)
	require.Greater(t, list[len(list)-1].size, int64(9*maxFiles))
}

func TestKeep_MindsTheSizeOfAll(t *testing.T) {
	t.Chdir(t.TempDir())
	cache, one := t.TempDir(), target{folder: "adapter/x", name: "FuzzOne"}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		write(t, filepath.Join(cache, filepath.FromSlash(module), "adapter", "x", "FuzzOne", name), strings.Repeat("x", maxFile))
	}
	kept, err := keep(cache, one)
	require.NoError(t, err)
	require.Equal(t, maxBytes/maxFile, kept)
}

func TestTable_KeepsRowsOfOtherTargetsAndDropsThoseThatAreGone(t *testing.T) {
	one, two := target{"adapter/x", "FuzzOne", "reads a|b"}, target{"domain", "FuzzTwo_IsGood", "reads c"}
	rows := map[string]string{
		one.String(): row(one, outcome{took: time.Minute, executions: 7, found: 2}, 3), two.String(): row(two, outcome{failed: true}, 0),
	}
	require.Contains(t, row(two, outcome{took: time.Second}, 4), "| no time for anything but what is kept |")
	text := table(rows)
	require.Equal(t, heading+"| `adapter/x.FuzzOne` | reads a\\|b | 1m0s | 7 | 2 | 3 | nothing found |\n| `domain.FuzzTwo_IsGood` | reads c | 0s | 0 | 0 | 0 | **failed** |\n", text)
	file := filepath.Join(t.TempDir(), "page.md")
	write(t, file, "# Page\n\n"+text)
	read, err := readTable(file, []target{two})
	require.NoError(t, err)
	require.Equal(t, map[string]string{two.String(): rows[two.String()]}, read)
}
