package redistest

import (
	"net"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/hexauth/hexauth/test/pgtest"
)

// Programs returns the paths of the servers that are installed on this machine.
func Programs() []string {
	var paths []string
	for _, program := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(program); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// Process is a real server, on a port that stays the same over starts and stops. It keeps nothing on disk. It ends with the process
// that started it.
type Process struct {
	Address string // host:port on this machine
	path    string
	dir     string
	port    string
	command *exec.Cmd
}

// NewProcess returns a server that is not started yet. It works in dir.
func NewProcess(path, dir string) *Process {
	port := strconv.Itoa(pgtest.FreePort())
	return &Process{Address: net.JoinHostPort("127.0.0.1", port), path: path, dir: dir, port: port}
}

// Start starts it and does not wait until it takes connections.
func (p *Process) Start() error {
	p.command = exec.Command(p.path, "--port", p.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", p.dir)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p.command.Start()
}

// Stop kills it.
func (p *Process) Stop() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}
