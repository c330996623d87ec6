package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// truth is what a client knows of something it asked for.
type truth int

// The truths. Maybe: no answer came, and the request could not be repeated.
const (
	no truth = iota
	maybe
	yes
)

// ledger is what clients were acknowledged. An account is written by the actor that made it, and by nobody else; the checks read it
// when all actors are done.
type ledger struct {
	mu       sync.Mutex
	accounts []*account
	mails    map[string]int // acknowledged requests that mail somebody, by address
}

// account is a user and everything that was acknowledged of it.
type account struct {
	email     string // "" for anonymous users
	id        string
	exists    truth
	disabled  truth
	passwords []string // one of them is right; a single one is certain
	sessions  []*session
	tokens    []string // personal access tokens
	signIns   []signIn
	doubtful  int // sign-ins without an answer: the user may have as many sessions more
	changes   int // acknowledged changes of the password, at least so many
}

// session is a session whose tokens a client has.
type session struct {
	id       string
	token    string // the newest refresh token
	access   string
	open     truth
	exchange int // how often the token was replaced
}

// signIn is one that the audit log must have.
type signIn struct {
	session, method string
	at              time.Time
}

func newLedger() *ledger { return &ledger{mails: map[string]int{}} }

func (l *ledger) add(a *account) *account {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accounts = append(l.accounts, a)
	return a
}

func (l *ledger) mailed(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails[address]++
}

// opened writes down a session that a sign-in has opened.
func (a *account) opened(s *session, method string, at time.Time) *session {
	s.open = yes
	a.sessions = append(a.sessions, s)
	if method != "" {
		a.signIns = append(a.signIns, signIn{s.id, method, at})
	}
	return s
}

// endAllBut writes down that all sessions but one were ended, or may have been. Sign-ins whose answer was lost before are over, too.
func (a *account) endAllBut(spared *session, how truth) {
	for _, s := range a.sessions {
		switch {
		case s == spared:
		case how == yes:
			s.open = no
		case s.open == yes:
			s.open = maybe
		}
	}
	if how == yes {
		a.doubtful = 0
	}
}

// changedPassword writes down that the password was changed, or may have been.
func (a *account) changedPassword(to string, how truth) {
	if how == yes {
		a.passwords = []string{to}
		a.changes++
		return
	}
	a.passwords = append(a.passwords, to)
}

// readSession reads the session of an answer, be it the body or its member "session", and holds the access token to the time at which
// it was issued: by the clock of this command, whatever that of the instance says.
func readSession(a answer) (*session, string, error) {
	type tokens struct {
		AccessToken  string `json:"accessToken"`
		RefreshToken string `json:"refreshToken"`
		ID           string `json:"refreshTokenId"`
		User         struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	var body struct {
		tokens
		Session *tokens `json:"session"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		return nil, "", err
	}
	if body.Session != nil {
		body.tokens = *body.Session
	}
	if body.AccessToken == "" || body.RefreshToken == "" || body.ID == "" {
		return nil, "", fmt.Errorf("no session in %s", a.body)
	}
	if err := checkIssue(body.AccessToken, a.began, a.ended); err != nil {
		return nil, "", err
	}
	return &session{id: body.ID, token: body.RefreshToken, access: body.AccessToken}, body.User.ID, nil
}

// checkIssue demands that a token was issued between two times and lives for the default of 15 minutes.
func checkIssue(token string, from, to time.Time) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("the access token is no JWT")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct{ Iat, Exp int64 }
	if err := json.Unmarshal(text, &claims); err != nil {
		return err
	}
	issued := time.Unix(claims.Iat, 0)
	if issued.Before(from.Add(-expectedLag)) || issued.After(to.Add(expectedLag)) {
		return fmt.Errorf("an access token was issued at %s, which is %s from the time of the request", issued, issued.Sub(from))
	}
	if life := claims.Exp - claims.Iat; life != 900 {
		return fmt.Errorf("an access token lives for %d s", life)
	}
	return nil
}
