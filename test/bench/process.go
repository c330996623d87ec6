package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hexauth/hexauth/test/pgtest"
)

const (
	startPatience = 30 * time.Second
	stopPatience  = 10 * time.Second
)

// process is a server that is measured.
type process struct {
	url  string
	cmd  *exec.Cmd
	log  string        // the file it logs to
	took time.Duration // from its start to the first 200 of /healthz
	done chan struct{}
}

// startServer runs hexauth in dir, which keeps ./data, and returns when it is alive.
func startServer(ctx context.Context, binary, dir string, env map[string]string) (*process, error) {
	port := strconv.Itoa(pgtest.FreePort())
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "AUTH_HOST=127.0.0.1", "AUTH_PORT=" + port}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	p := &process{cmd: cmd, url: "http://" + net.JoinHostPort("127.0.0.1", port), log: filepath.Join(dir, "server.log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go p.reap()
	if err := p.awaitAlive(ctx); err != nil {
		p.stop()
		return nil, err
	}
	p.took = time.Since(began)
	return p, nil
}

func (p *process) reap() {
	_ = p.cmd.Wait() // nobody asks how it ended
	close(p.done)
}

func (p *process) awaitAlive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/healthz", nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
			continue
		}
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("the server did not start:\n%s", text)
	}
}

// stop ends the process, with a kill where it takes long, and returns when it is gone.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-p.done:
	case <-time.After(stopPatience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// cpu is the processor time the process has taken so far, its own and the kernel's for it.
func (p *process) cpu() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

// memory is what of the process is in memory (VmRSS), peak the most there ever was (VmHWM), in bytes.
func (p *process) memory() (int64, error) { return p.status("VmRSS:") }

func (p *process) peak() (int64, error) { return p.status("VmHWM:") }

func (p *process) status(name string) (int64, error) {
	text, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name); found {
			kibibytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kibibytes << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", p.proc("status"), name)
}

func (p *process) proc(file string) string {
	return filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), file)
}
