package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// outcome is what running a target showed.
type outcome struct {
	took       time.Duration
	executions int
	found      int // inputs that led further than those before
	failed     bool
}

// progress is a line of go test: fuzz: elapsed: 3s, execs: 102 (34/sec), new interesting: 5 (total: 9).
var progress = regexp.MustCompile(`^fuzz: elapsed: ([0-9smh]+), (?:execs: ([0-9]+) .*new interesting: ([0-9]+))?`)

// fuzz runs one target for its time and shows what go test says, where that is more than how it gets on.
func fuzz(ctx context.Context, t target, s settings) (o outcome) {
	args := []string{"test", "-run=^$", "-fuzz=^" + t.name + "$", "-fuzztime=" + s.each.String(), "-fuzzminimizetime=1s", "-timeout=0"}
	if s.parallel > 0 {
		args = append(args, "-parallel="+strconv.Itoa(s.parallel))
	}
	command := exec.CommandContext(ctx, "go", append(args, "./"+t.folder)...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	output, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			o.read(lines.Text())
		}
		_, _ = io.Copy(io.Discard, output)
	}()
	err := command.Run()
	_ = writer.Close()
	<-done
	o.failed = err != nil
	return o
}

func (o *outcome) read(line string) {
	found := progress.FindStringSubmatch(line)
	if found == nil {
		if !strings.HasPrefix(line, "ok ") && line != "PASS" {
			fmt.Println("  " + line)
		}
		return
	}
	o.took, _ = time.ParseDuration(found[1])
	if found[2] != "" {
		o.executions, _ = strconv.Atoi(found[2])
		o.found, _ = strconv.Atoi(found[3])
	}
	fmt.Printf("\r  %s, %d executions, %d new", o.took, o.executions, o.found)
	if o.took > 0 && o.took%(30*time.Second) == 0 {
		fmt.Println()
	}
}
