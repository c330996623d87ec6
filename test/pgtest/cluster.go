package pgtest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// commandTimeout bounds every call of initdb and pg_ctl.
const commandTimeout = 90 * time.Second

// startTries is how many ports are tried before a new cluster gives up.
const startTries = 5

// Options say what kind of cluster Create makes.
type Options struct {
	// Durable clusters flush every commit to disk (fsync on), so that a crash loses nothing that was acknowledged. Others
	// are several times faster.
	Durable bool
	// SharedBuffers is how much memory the server caches data in, in bytes; 0 for PostgreSQL's default, 128 MiB.
	SharedBuffers int64
}

// Cluster is a PostgreSQL server of the test's own, on 127.0.0.1, in a temporary folder, trusting every connection. Its
// port stays the same over stops and starts. Its methods are not meant for concurrent use.
type Cluster struct {
	bin    string
	dir    string
	port   int
	cred   *syscall.Credential
	guard  *exec.Cmd
	alive  io.Closer
	closed bool
}

// New starts a durable cluster for one test and removes it when the test ends. Without PostgreSQL's programs the test fails.
func New(t testing.TB) *Cluster {
	t.Helper()
	c, err := Create(Options{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Create makes a new cluster and starts it. It returns when the server accepts connections. The caller closes it; if he
// dies before, its guardian does.
func Create(opts Options) (*Cluster, error) {
	bin, err := binDir(candidates())
	if err != nil {
		return nil, err
	}
	cred, err := credential(os.Geteuid())
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(cred)
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, cred: cred}
	if err := c.watch(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.initialise(opts); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// URL is that of the superuser on the cluster's database "postgres". It stays the same over stops and starts.
func (c *Cluster) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port)
}

// Start starts a stopped cluster and returns when it accepts connections.
func (c *Cluster) Start() error {
	if err := c.command("pg_ctl", "-D", c.data(), "-l", c.log(), "-w", "-t", "60", "start"); err != nil {
		return fmt.Errorf("%w\n%s", err, c.logTail())
	}
	return nil
}

// Stop disconnects all clients, writes everything to disk and returns when the server is gone.
func (c *Cluster) Stop() error {
	return c.command("pg_ctl", "-D", c.data(), "-w", "-t", "60", "-m", "fast", "stop")
}

// StopImmediate stops the server as a crash would: nothing is written, the next start recovers from the log.
func (c *Cluster) StopImmediate() error {
	return c.command("pg_ctl", "-D", c.data(), "-w", "-t", "60", "-m", "immediate", "stop")
}

// Restart is Stop followed by Start.
func (c *Cluster) Restart() error {
	if err := c.Stop(); err != nil {
		return err
	}
	return c.Start()
}

// Close stops the server and removes all its files. Further calls do nothing.
func (c *Cluster) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if err := c.alive.Close(); err != nil {
		return fmt.Errorf("let the cluster's guardian go: %w", err)
	}
	if err := c.guard.Wait(); err != nil {
		return fmt.Errorf("remove the cluster in %s: %w", c.dir, err)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }
func (c *Cluster) log() string  { return filepath.Join(c.dir, "log") }

// guardian waits for the end of its input, which comes with the end of the process that holds the pipe, whatever ended it.
const guardian = `cat >/dev/null
if [ -f "$2/data/postmaster.pid" ]; then "$1/pg_ctl" -D "$2/data" -m immediate -t 30 -s stop >/dev/null 2>&1; fi
cd / && rm -rf "$2"`

// watch starts the guardian. It has a session of its own, so a signal to the test's process group leaves it alone.
func (c *Cluster) watch() error {
	c.guard = exec.Command("/bin/sh", "-c", guardian, "pgtest-guardian", c.bin, c.dir)
	c.guard.Dir = c.dir
	c.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.cred}
	alive, err := c.guard.StdinPipe()
	if err != nil {
		return fmt.Errorf("pipe to the cluster's guardian: %w", err)
	}
	if err := c.guard.Start(); err != nil {
		return fmt.Errorf("start the cluster's guardian: %w", err)
	}
	c.alive = alive
	return nil
}

func (c *Cluster) initialise(opts Options) error {
	err := c.command("initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if err != nil {
		return err
	}
	if err := c.configure(settings(c.dir, opts)); err != nil {
		return err
	}
	for range startTries {
		c.port = FreePort()
		if err = c.configure(fmt.Sprintf("port = %d\n", c.port)); err != nil {
			return err
		}
		if err = c.Start(); err == nil {
			return nil
		}
	}
	return err
}

func settings(dir string, opts Options) string {
	s := "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" + dir + "'\nmax_connections = 300\n"
	if !opts.Durable {
		s += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
	}
	if opts.SharedBuffers > 0 {
		s += fmt.Sprintf("shared_buffers = '%dkB'\n", opts.SharedBuffers>>10)
	}
	return s
}

// configure appends to the server's configuration; of two settings of one name the later counts.
func (c *Cluster) configure(text string) error {
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configure the cluster: %w", err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("configure the cluster: %w", err)
	}
	return nil
}

// command runs one of PostgreSQL's programs as the cluster's owner; its output is part of the error.
func (c *Cluster) command(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = environment(os.Environ())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.cred}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	timer := time.AfterFunc(commandTimeout, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out.String())
	}
	return nil
}

// environment drops the variables with which libpq and PostgreSQL's programs would be led to another server.
func environment(env []string) []string {
	out := []string{"LC_ALL=C"}
	for _, kv := range env {
		if !strings.HasPrefix(kv, "PG") && !strings.HasPrefix(kv, "LC_ALL=") {
			out = append(out, kv)
		}
	}
	return out
}

func (c *Cluster) logTail() string {
	text, err := os.ReadFile(c.log())
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-4000):])
}

// credential returns the user a cluster started by uid runs as: nil, that is uid itself, unless it is root.
func credential(uid int) (*syscall.Credential, error) {
	if uid != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(id), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody: " +
		"run the tests as another user, or set TEST_POSTGRES_URL")
}

// makeDir makes the cluster's folder, reachable by its owner. Root's own TMPDIR may be closed to others, /tmp is not.
func makeDir(cred *syscall.Credential) (string, error) {
	base := os.TempDir()
	if cred != nil {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "pgtest-")
	if err != nil {
		return "", fmt.Errorf("folder for the cluster: %w", err)
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return "", errors.Join(fmt.Errorf("folder for the cluster: %w", err), os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// FreePort picks a TCP port on 127.0.0.1 that nothing listens on, below the range from which the kernel serves outgoing
// connections: while its server is stopped no client under load can take the port away. Nobody else who asks gets the same one
// before this process ends, however long its server takes to start.
func FreePort() int {
	for {
		port := 15000 + rand.IntN(15000)
		if !reserve(port) {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if l.Close() == nil {
			return port
		}
	}
}

// reserved are the ports of this process, each with its file, whose lock the kernel lifts when the process ends.
var reserved sync.Map

// reserve tells whether the port is this caller's now. Where no file can be had it is taken to be.
func reserve(port int) bool {
	folder := filepath.Join(os.TempDir(), "hexauth-test-ports")
	_ = os.Mkdir(folder, 0o777) // it may be there
	file, err := os.OpenFile(filepath.Join(folder, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return true
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = file.Close()
		return false
	}
	reserved.Store(port, file)
	return true
}
