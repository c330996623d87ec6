package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	restingStarts = 10
	restingIdle   = 2 * time.Second
)

// resting is what can be said of the binary without load, on its embedded database.
type resting struct {
	start  time.Duration // to the first 200 of /healthz, the database exists; a median
	memory int64         // bytes, after a moment of idleness
	size   int64         // bytes of the binary
	static bool          // it needs no library and no loader
}

func measureResting(ctx context.Context, binary, dir string) (r resting, err error) {
	info, err := os.Stat(binary)
	if err != nil {
		return r, err
	}
	r.size = info.Size()
	if r.static, err = isStatic(binary); err != nil {
		return r, err
	}
	home := filepath.Join(dir, "sqlite")
	if err := os.Mkdir(home, 0o700); err != nil {
		return r, err
	}
	if _, err := startOnce(ctx, binary, home); err != nil { // makes the database
		return r, err
	}
	times := []time.Duration{}
	for range restingStarts {
		took, err := startOnce(ctx, binary, home)
		if err != nil {
			return r, err
		}
		times = append(times, took)
	}
	r.start = median(times)
	server, err := startServer(ctx, binary, home, nil)
	if err != nil {
		return r, err
	}
	defer server.stop()
	select {
	case <-ctx.Done():
		return r, ctx.Err()
	case <-time.After(restingIdle):
	}
	r.memory, err = server.memory()
	return r, err
}

func startOnce(ctx context.Context, binary, home string) (time.Duration, error) {
	server, err := startServer(ctx, binary, home, nil)
	if err != nil {
		return 0, err
	}
	server.stop()
	return server.took, nil
}

// isStatic tells whether the system's loader is left out of it.
func isStatic(binary string) (static bool, err error) {
	file, err := elf.Open(binary)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", binary, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return false, nil
		}
	}
	libraries, err := file.ImportedLibraries()
	return len(libraries) == 0, err
}
