package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// maxPasswordInput bounds what is read of a password, in bytes.
const maxPasswordInput = 4096

var (
	errNoTerminal = errors.New("there is no terminal to ask at")
	errUnchanged  = errors.New("nothing was changed")
)

// terminal returns the terminal that somebody sits at; false when input comes from elsewhere.
func (i *invocation) terminal() (file *os.File, ok bool) {
	file, ok = i.stdin.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// confirm asks before something is destroyed, unless yes was given.
func (i *invocation) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if _, ok := i.terminal(); !ok {
		return fmt.Errorf("%s: %w; repeat with --yes to do it without being asked", question, errNoTerminal)
	}
	fmt.Fprintf(os.Stderr, "%s? [y/N] ", question)
	answer, err := bufio.NewReader(i.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errUnchanged
	}
	return nil
}

// password reads a password: a line of standard input, or asked for twice at the terminal. It never comes as an argument, which every
// user of the machine can see.
func (i *invocation) password(fromStdin bool) (string, error) {
	if fromStdin {
		data, err := io.ReadAll(io.LimitReader(i.stdin, maxPasswordInput+1))
		if err != nil {
			return "", err
		}
		line, rest, _ := strings.Cut(string(data), "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" || strings.TrimSpace(rest) != "" || len(data) > maxPasswordInput {
			return "", errors.New("standard input must have the password, on one line, and nothing else")
		}
		return line, nil
	}
	file, ok := i.terminal()
	if !ok {
		return "", fmt.Errorf("the password: %w; give it on standard input with --password-stdin", errNoTerminal)
	}
	first, err := ask(file, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask(file, "Once more: ")
	if err == nil && first != second {
		err = errors.New("the two passwords are not the same")
	}
	return first, err
}

// ask reads a line without showing it.
func ask(file *os.File, prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	text, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(os.Stderr)
	return string(text), err
}

// visible drops what could do something to a terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// legible is visible for text of several lines.
func legible(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = visible(line)
	}
	return strings.Join(lines, "\n")
}
