package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// postgres is a PostgreSQL server as the kernel sees it: processes. A nil one is on another machine, and nothing can be said of it.
type postgres struct {
	postmaster int // process id, the parent of all others
}

// findPostgres finds the processes of the server that a URL names; nil when they are not on this machine.
func findPostgres(ctx context.Context, url string) (*postgres, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var backend int
	var database string
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid(), current_database()").Scan(&backend, &database); err != nil {
		return nil, err
	}
	if title := titleOf(backend); !strings.HasPrefix(title, "postgres: ") || !strings.Contains(title, " "+database+" ") {
		return nil, nil // the process of that number is another one
	}
	stat, err := readStat(backend)
	return &postgres{postmaster: stat.parent}, err
}

// cpu is the processor time all processes of the server have taken so far, those that have ended included.
func (p *postgres) cpu() (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	for {
		before, err := p.children()
		if err != nil {
			return 0, err
		}
		total, err := cpuOf(append(before, p.postmaster)...)
		if err != nil {
			return 0, err
		}
		stat, err := readStat(p.postmaster)
		if err != nil {
			return 0, err
		}
		after, err := p.children()
		if err != nil {
			return 0, err
		}
		if slices.Equal(before, after) { // none of them ended in between, and was counted twice or not at all
			return total + stat.reaped, nil
		}
	}
}

// cpuFor is that of the processes that serve clients of one database now.
func (p *postgres) cpuFor(database string) (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	children, err := p.children()
	if err != nil {
		return 0, err
	}
	return cpuOf(slices.DeleteFunc(children, func(pid int) bool {
		title := titleOf(pid)
		return !strings.Contains(title, " "+database+" ") || strings.Contains(title, "autovacuum")
	})...)
}

// children are the processes of the server but the postmaster, in ascending order.
func (p *postgres) children() ([]int, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			return nil, err
		}
		if stat, err := readStat(pid); err == nil && stat.parent == p.postmaster { // it may have ended
			children = append(children, pid)
		}
	}
	slices.Sort(children)
	return children, nil
}

// cpuOf adds what processes have taken, their threads that have ended included. One that has ended counts nothing.
func cpuOf(pids ...int) (total time.Duration, err error) {
	for _, pid := range pids {
		var t unix.Timespec
		err := unix.ClockGettime(processClock(pid), &t)
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ESRCH) {
			return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
		}
		total += time.Duration(t.Nano())
	}
	return total, nil
}

// processClock is the clock of a process's processor time, in nanoseconds (clock_getcpuclockid(3), CPUCLOCK_SCHED).
func processClock(pid int) int32 { return int32(^pid)<<3 | 2 }

// titleOf is a process's command line; PostgreSQL writes there what the process is for. It is "" when there is none.
func titleOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return string(bytes.TrimRight(bytes.ReplaceAll(text, []byte{0}, []byte{' '}), " ")) + " "
}

// stat is what /proc/PID/stat has of a process (proc_pid_stat(5)).
type stat struct {
	parent int
	reaped time.Duration // processor time of children that have ended
}

// clockTick is the unit of times in there: USER_HZ, which is 100 on every architecture Go runs on.
const clockTick = 10 * time.Millisecond

func readStat(pid int) (stat, error) {
	file := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return stat{}, err
	}
	// The second field is the name in parentheses, which may have blanks. The parent is the 4th, cutime and cstime the 16th and 17th.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("%s has another form", file)
	}
	numbers := make([]int64, 3)
	for i, field := range []string{fields[1], fields[13], fields[14]} {
		if numbers[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return stat{}, fmt.Errorf("%s has another form", file)
		}
	}
	return stat{parent: int(numbers[0]), reaped: time.Duration(numbers[1]+numbers[2]) * clockTick}, nil
}
