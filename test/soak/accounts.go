package main

import (
	"context"
	"net/http"
	"time"
)

// signUp creates an account with a password.
func (c *crowd) signUp() (*account, *session, bool) {
	account := c.ledger.add(&account{email: newAddress(), passwords: []string{"violet-otter-41"}})
	a := c.ask(request{operation: "sign-up", path: "/signup/email-password", body: object{"email": account.email, "password": account.passwords[0]}})
	if a.outcome != done {
		account.exists = maybe
		return account, nil, false
	}
	s, user, ok := c.read(a)
	if !ok {
		return account, nil, false
	}
	account.exists, account.id = yes, user
	return account, account.opened(s, "", a.ended), true
}

// signIn opens a session with what is in body.
func (c *crowd) signIn(account *account, method string, r request) (*session, bool) {
	a := c.ask(r)
	if a.outcome != done {
		account.doubtful++
		return nil, false
	}
	s, user, ok := c.read(a)
	if !ok {
		return nil, false
	}
	if user != account.id {
		c.record.blame("%s of %s opened a session of %s", r.operation, account.id, user)
	}
	return account.opened(s, method, a.ended), true
}

func (c *crowd) byPassword(account *account) (*session, bool) {
	return c.signIn(account, "password", request{
		operation: "sign-in", path: "/signin/email-password", body: object{"email": account.email, "password": account.passwords[0]},
	})
}

// member goes through what a user does with an account.
func (c *crowd) member(context.Context) {
	account, first, ok := c.signUp()
	if !ok {
		return
	}
	c.whoAmI(account, first)
	pause()
	if s, ok := c.byPassword(account); ok {
		c.verify(s)
		pause()
		c.changePassword(account, s)
	}
	pause()
	if s, ok := c.byPassword(account); ok && len(account.passwords) == 1 {
		c.refresh(s, 1)
		c.createToken(account, s)
		pause()
		c.signOut(s)
	}
	pause()
	for _, token := range account.tokens {
		c.signIn(account, "personal-access-token", request{operation: "sign-in by token", path: "/signin/pat", body: object{"personalAccessToken": token}})
	}
}

// changePassword changes it, which ends all other sessions.
func (c *crowd) changePassword(account *account, s *session) {
	const next = "crimson-heron-17"
	a := c.demand(request{operation: "change of password", path: "/user/password", bearer: s.access, body: object{"newPassword": next}})
	how := maybe
	if a.outcome == done {
		how = yes
	}
	account.changedPassword(next, how)
	account.endAllBut(s, how)
}

func (c *crowd) createToken(account *account, s *session) {
	a := c.ask(request{operation: "personal access token", path: "/pat", bearer: s.access, body: object{"expiresAt": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)}})
	if a.outcome != done {
		return
	}
	type created struct{ PersonalAccessToken string }
	if token, err := decode[created](a); err == nil && token.PersonalAccessToken != "" {
		account.tokens = append(account.tokens, token.PersonalAccessToken)
	} else {
		c.record.blame("POST /pat answered without a token")
	}
}

// signOut ends a session. After it was acknowledged no instance may know the session's token.
func (c *crowd) signOut(s *session) {
	s.open = maybe
	a := c.demand(request{operation: "sign-out", path: "/signout", body: object{"refreshToken": s.token}})
	if a.outcome != done {
		return
	}
	s.open = no
	c.ask(request{operation: "refresh after sign-out", path: "/token", body: object{"refreshToken": s.token}, wants: http.StatusUnauthorized})
}

// administrator disables a new account. From then on no instance may let it in.
func (c *crowd) administrator(context.Context) {
	account, s, ok := c.signUp()
	if !ok {
		return
	}
	account.disabled = maybe
	a := c.demand(request{operation: "disabling", method: http.MethodPatch, path: "/admin/users/" + account.id, admin: true, body: object{"disabled": true}})
	if a.outcome != done {
		s.open = maybe
		return
	}
	account.disabled = yes
	account.endAllBut(nil, yes)
	c.ask(request{operation: "refresh when disabled", path: "/token", body: object{"refreshToken": s.token}, wants: http.StatusUnauthorized})
	pause()
}
