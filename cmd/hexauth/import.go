package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/hexauth/hexauth/adapter/aesgcm"
	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/password"
	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/userfile"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// importBatch is how many users are created in one transaction.
const importBatch = 500

type importCommand struct {
	File    string
	DryRun  bool
	SkipBad bool
}

// Run imports the file, and fails when a line is bad.
func (c importCommand) Run(i *invocation) error {
	file, err := userfile.Open(c.File)
	if err != nil {
		return err
	}
	return withStore(i, func(cfg config.Config, store *bunstore.Store, clock clock) error {
		users, err := importUsers(cfg, store, clock)
		if err != nil {
			return err
		}
		bar := progress{out: i.stdout, started: time.Now()}
		report, err := users.Do(i.ctx, usecase.ImportUsersInput{
			Lines: file.Lines, DryRun: c.DryRun, SkipBad: c.SkipBad, Progress: bar.show,
			Bad: func(line int, problem error) {
				bar.clear()
				fmt.Fprintf(i.stdout, "line %d: %s\n", line, explained(problem))
			},
		})
		bar.clear()
		return c.conclude(i, report, errors.Join(file.Err(), err), time.Since(bar.started))
	})
}

func (c importCommand) conclude(i *invocation, report usecase.ImportReport, err error, took time.Duration) error {
	done, verb := report.Created+report.Present > 0 || report.Bad == 0, "created"
	if c.DryRun {
		verb = "would be created"
	}
	if done {
		fmt.Fprintf(i.stdout, "%d %s, %d were there already, %d bad, in %s\n", report.Created, verb, report.Present, report.Bad, took.Round(time.Millisecond))
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w; what was created stays, and the same command goes on from there", err)
	case report.Bad > 0 && !done:
		return fmt.Errorf("%d of %d lines are bad, nothing was imported; --skip-bad imports the others", report.Bad, report.Good+report.Bad)
	case report.Bad > 0:
		return fmt.Errorf("%d lines were not imported", report.Bad)
	}
	return nil
}

func importUsers(cfg config.Config, store *bunstore.Store, clock port.Clock) (*usecase.ImportUsers, error) {
	key, err := encryptionKey(cfg, system.Random{})
	if err != nil {
		return nil, err
	}
	signUp, err := signUpPolicy(cfg)
	if err != nil {
		return nil, err
	}
	hasher, err := password.New(password.Options{Algorithm: cfg.PasswordHash, Salt: system.Random{}, Clock: clock})
	if err != nil {
		return nil, err
	}
	return &usecase.ImportUsers{
		Store: store, Hashes: hasher, Numbers: phone.Numbers{}, Clock: clock, Random: system.Random{}, Policy: signUp,
		Key: domain.ImportKey(aesgcm.DeriveKey(key, "hexauth import")), Batch: importBatch, Audit: quietAudit(cfg, store, clock),
	}, nil
}

// progress draws a bar where somebody is watching.
type progress struct {
	out     any
	started time.Time
	drawn   bool
}

const barWidth = 40

func (p *progress) show(done, total int) {
	file, ok := p.out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || total == 0 {
		return
	}
	full := barWidth * done / total
	rate := float64(done) / max(time.Since(p.started).Seconds(), 0.001)
	fmt.Fprintf(file, "\r[%s%s] %d/%d  %.0f/s ", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, total, rate)
	p.drawn = true
}

// clear makes room for a line of text.
func (p *progress) clear() {
	if file, ok := p.out.(*os.File); ok && p.drawn {
		fmt.Fprint(file, "\r\x1b[K")
		p.drawn = false
	}
}
