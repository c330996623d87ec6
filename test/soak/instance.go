package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/hexauth/hexauth/test/pgtest"
)

const (
	startPatience = 60 * time.Second
	stopPatience  = 60 * time.Second
)

// instance is a hexauth that is started, stopped and killed, always on the same port and with the same environment.
type instance struct {
	name    string
	binary  string
	env     map[string]string
	address string // host:port of the API
	metrics string // host:port
	pprof   string // host:port
	log     string // path; every start appends

	cmd  *exec.Cmd
	done chan struct{}
}

func newInstance(name, binary, dir string, env map[string]string) *instance {
	local := func() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(pgtest.FreePort())) }
	i := &instance{name: name, binary: binary, env: map[string]string{}, address: local(), metrics: local(), pprof: local(), log: filepath.Join(dir, name+".log")}
	for variable, value := range env {
		i.env[variable] = value
	}
	_, port, _ := net.SplitHostPort(i.address)
	i.env["AUTH_HOST"], i.env["AUTH_PORT"], i.env["AUTH_METRICS_ADDR"], i.env["AUTH_PPROF_ADDR"] = "127.0.0.1", port, i.metrics, i.pprof
	return i
}

// start starts the instance and returns when it is ready.
func (i *instance) start(ctx context.Context) error {
	log, err := os.OpenFile(i.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	i.cmd, i.done = exec.Command(i.binary, "serve"), make(chan struct{})
	i.cmd.Stdout, i.cmd.Stderr, i.cmd.Dir = log, log, filepath.Dir(i.log)
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	i.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range i.env {
		i.cmd.Env = append(i.cmd.Env, name+"="+value)
	}
	if err := i.cmd.Start(); err != nil {
		return err
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // the exit code is in ProcessState
		close(done)
	}(i.cmd, i.done)
	return i.awaitReady(ctx)
}

func (i *instance) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		if status, _, err := fetch(ctx, "http://"+i.address+"/v1/readyz"); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-i.done:
			return fmt.Errorf("%s ended with %s, see %s", i.name, i.cmd.ProcessState, i.log)
		case <-ctx.Done():
			return fmt.Errorf("%s did not get ready, see %s", i.name, i.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the instance without warning.
func (i *instance) kill() {
	_ = i.cmd.Process.Kill() // fails only when it is gone
	<-i.done
}

// stop asks it to end and demands that it ends well.
func (i *instance) stop() error {
	_ = i.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.done:
	case <-time.After(stopPatience):
		i.kill()
		return fmt.Errorf("%s did not stop within %s", i.name, stopPatience)
	}
	if code := i.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s stopped with exit code %d, see %s", i.name, code, i.log)
	}
	return nil
}

// resources is what a process holds.
type resources struct {
	goroutines, files, memory, heap int // memory is RSS, heap what is reachable after a collection; both in bytes
}

// measure collects garbage in the instance and reads what it holds.
func (i *instance) measure(ctx context.Context) (resources, error) {
	var r resources
	if status, _, err := fetch(ctx, "http://"+i.pprof+"/debug/pprof/heap?gc=1"); err != nil || status != http.StatusOK {
		return r, fmt.Errorf("collect garbage in %s: %d %w", i.name, status, err)
	}
	_, text, err := fetch(ctx, "http://"+i.metrics+"/metrics")
	if err != nil {
		return r, err
	}
	for name, into := range map[string]*int{
		"go_goroutines": &r.goroutines, "process_open_fds": &r.files, "process_resident_memory_bytes": &r.memory, "go_memstats_heap_alloc_bytes": &r.heap,
	} {
		found := regexp.MustCompile(`(?m)^` + name + ` ([0-9.e+]+)$`).FindStringSubmatch(text)
		if found == nil {
			return r, fmt.Errorf("%s shows no %s", i.name, name)
		}
		value, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			return r, err
		}
		*into = int(value)
	}
	return r, nil
}

// logged counts how often the log has what pattern matches.
func (i *instance) logged(pattern string) (int, error) {
	log, err := os.ReadFile(i.log)
	return len(regexp.MustCompile(pattern).FindAll(log, -1)), err
}

// fetch reads url on a connection of its own.
func fetch(ctx context.Context, url string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), err
}
