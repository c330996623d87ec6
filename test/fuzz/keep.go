package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// What is kept of a target's inputs. All of them run in every go test, with the race detector too, so a few small ones are worth more
// than many.
const (
	maxFiles = 24
	maxBytes = 16 << 10 // all files together
	maxFile  = 4 << 10
)

// cacheDir is where go test keeps the inputs that led further.
func cacheDir(ctx context.Context) (string, error) {
	text, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOCACHE: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(text)), "fuzz"), nil
}

// input is a file of a corpus. Its name is a hash of what is in it.
type input struct {
	path string
	size int64
}

// keep copies what go test found into the repository, small and large inputs, until enough is there. It returns how many the target has
// there then.
func keep(cache string, t target) (int, error) {
	there, err := inputs(t.corpus())
	if err != nil {
		return 0, err
	}
	found, err := inputs(filepath.Join(cache, filepath.FromSlash(module+t.folder), t.name))
	if err != nil {
		return 0, err
	}
	names, total := map[string]bool{}, int64(0)
	for _, in := range there {
		names[filepath.Base(in.path)] = true
		total += in.size
	}
	found = slices.DeleteFunc(found, func(in input) bool { return in.size > maxFile || names[filepath.Base(in.path)] })
	for _, in := range spread(found, maxFiles-len(names)) {
		name := filepath.Base(in.path)
		if total+in.size > maxBytes {
			break
		}
		text, err := os.ReadFile(in.path)
		if err != nil {
			return 0, err
		}
		if err := os.MkdirAll(t.corpus(), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(t.corpus(), name), text, 0o644); err != nil {
			return 0, err
		}
		names[name] = true
		total += in.size
	}
	return len(names), nil
}

// spread chooses n of a list, from all over it.
func spread(list []input, n int) []input {
	if len(list) <= n {
		return list
	}
	chosen := make([]input, 0, max(n, 0))
	for i := range n {
		chosen = append(chosen, list[i*len(list)/n])
	}
	return chosen
}

// inputs lists a corpus, the smallest first; none where there is no folder.
func inputs(folder string) (list []input, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		list = append(list, input{filepath.Join(folder, entry.Name()), info.Size()})
	}
	slices.SortFunc(list, func(a, b input) int { return cmp.Or(cmp.Compare(a.size, b.size), strings.Compare(a.path, b.path)) })
	return list, nil
}
