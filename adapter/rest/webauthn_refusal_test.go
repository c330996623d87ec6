package rest_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/kit"
)

// halves are the four ceremonies, with the keys that can answer them.
func (c *client) halves(bearer string, own, fresh *authenticator.Key) map[string]half {
	return map[string]half{
		"sign-up": {begin: request{path: "/signup/webauthn", body: address("new@example.com")}, finish: "/signup/webauthn/verify", answer: fresh.Create, key: fresh},
		"sign-in": {begin: request{path: "/signin/webauthn"}, finish: "/signin/webauthn/verify", answer: own.Get, key: own},
		"by address": {begin: request{path: "/signin/webauthn", body: address("jane@example.com")}, finish: "/signin/webauthn/verify",
			answer: own.Get, key: own},
		"add":     {begin: request{path: "/user/webauthn/add", bearer: bearer}, finish: "/user/webauthn/verify", answer: fresh.Create, key: fresh},
		"elevate": {begin: request{path: "/elevate/webauthn", bearer: bearer}, finish: "/elevate/webauthn/verify", answer: own.Get, key: own},
	}
}

type half struct {
	begin  request
	finish string
	answer func(options []byte) []byte
	key    *authenticator.Key
}

// open sends the first half.
func (c *client) open(h half) []byte {
	c.t.Helper()
	return c.ceremony(h.begin.path, h.begin.bearer, h.begin.body)
}

func (h half) second(credential []byte) request {
	return request{method: http.MethodPost, path: h.finish, bearer: h.begin.bearer, body: answerWith(credential)}
}

// newJane returns a client with a user who has a passkey.
func newJane(t *testing.T) (c *client, bearer string, own *authenticator.Key) {
	c, own = newClient(t), passkey("jane's")
	return c, c.signUpWith(own, "jane@example.com").AccessToken, own
}

func TestWebAuthn_WhatWasNotMadeHereOrByNobodyIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	for lie, tell := range map[string]func(*authenticator.Key){
		"another origin":        func(k *authenticator.Key) { k.Origin = "https://app.example.com.evil.example" },
		"another port":          func(k *authenticator.Key) { k.Origin += ":8443" },
		"plain http":            func(k *authenticator.Key) { k.Origin = "http://app.example.com" },
		"another relying party": func(k *authenticator.Key) { k.RPID = "evil.example" },
		"nobody was there":      func(k *authenticator.Key) { k.Absent = true },
		"a backup without leave": func(k *authenticator.Key) {
			k.BackedUp = true
		},
	} {
		t.Run(lie, func(t *testing.T) {
			t.Parallel()
			c, bearer, own := newJane(t)
			for name, h := range c.halves(bearer, own, passkey("fresh")) {
				honest := *h.key
				tell(h.key)
				answer := h.answer(c.open(h))
				*h.key = honest
				c.refused(h.second(answer), http.StatusBadRequest, domain.InvalidRequest)
				require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.user_security_keys"), name)
				require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"), name)
			}
		})
	}
}

func TestWebAuthn_TheUserMustBeVerifiedWhereTheKeyIsTheOnlyFactor(t *testing.T) {
	t.Parallel()
	c, bearer, own := newJane(t)
	fresh := passkey("fresh")
	own.Unverified, fresh.Unverified = true, true
	for name, h := range c.halves(bearer, own, fresh) {
		if name == "sign-up" {
			unverified := passkey("another")
			unverified.Unverified = true
			h.answer = unverified.Create
		}
		answer := h.second(h.answer(c.open(h)))
		if name == "add" || name == "elevate" {
			require.Equal(t, http.StatusOK, c.do(answer).status, name)
			continue
		}
		c.refused(answer, http.StatusBadRequest, domain.InvalidRequest)
	}
	c.refusedPost("/signin/webauthn/verify", answerWith(fresh.Get(c.ceremony("/signin/webauthn", "", ""))), http.StatusBadRequest, domain.InvalidRequest)
	fresh.Unverified = false
	require.Equal(t, http.StatusOK, c.signInWith(fresh, "").status, "what counts is the sign-in, not the registration")
}

func TestWebAuthn_AnAnswerIsGoodOnce(t *testing.T) {
	t.Parallel()
	c, bearer, own := newJane(t)
	for name, h := range c.halves(bearer, own, passkey("fresh")) {
		if name == "sign-up" {
			h.answer = passkey("another").Create
		}
		second := h.second(h.answer(c.open(h)))
		require.Equal(t, http.StatusOK, c.do(second).status, name)
		c.refused(second, http.StatusBadRequest, domain.InvalidRequest)
	}
}

func TestWebAuthn_AWrongAnswerEndsTheCeremony(t *testing.T) {
	t.Parallel()
	c, _, own := newJane(t)
	open := c.ceremony("/signin/webauthn", "", "")
	own.Unverified = true
	wrong := own.Get(open)
	own.Unverified = false
	c.refusedPost("/signin/webauthn/verify", answerWith(wrong), http.StatusBadRequest, domain.InvalidRequest)
	c.refusedPost("/signin/webauthn/verify", answerWith(own.Get(open)), http.StatusBadRequest, domain.InvalidRequest)
}

func TestWebAuthn_AnAnswerIsGoodForItsPurposeOnly(t *testing.T) {
	t.Parallel()
	c, bearer, own := newJane(t)
	halves := c.halves(bearer, own, passkey("fresh"))
	for begun, first := range halves {
		for finished, other := range halves {
			if first.finish == other.finish {
				continue
			}
			open := c.open(first)
			request := other.second(first.answer(open))
			got := c.do(request)
			require.Equal(t, http.StatusBadRequest, got.status, "%s answered as %s: %s", begun, finished, got.body)
			request = other.second(other.answer(open))
			got = c.do(request)
			require.Equal(t, http.StatusBadRequest, got.status, "the challenge of %s in an answer to %s: %s", begun, finished, got.body)
		}
	}
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.users"))
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.user_security_keys"))
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
}

func TestWebAuthn_NobodyAnswersForSomebodyElse(t *testing.T) {
	t.Parallel()
	c, jane, janes := newJane(t)
	joes := passkey("joe's")
	joe := c.signUpWith(joes, "joe@example.com").AccessToken
	// A signed-in user answers with another's ceremony, another's key, or both.
	for _, purpose := range []string{"add", "elevate"} {
		begunByJoe, byJane := c.halves(joe, joes, passkey("x"))[purpose], c.halves(jane, janes, passkey("x"))[purpose]
		c.refused(byJane.second(begunByJoe.answer(c.open(begunByJoe))), http.StatusBadRequest, domain.InvalidRequest)
		c.refused(byJane.second(byJane.answer(c.open(begunByJoe))), http.StatusBadRequest, domain.InvalidRequest)
	}
	elevate := c.halves(jane, janes, passkey("x"))["elevate"]
	c.refused(elevate.second(joes.Get(c.open(elevate))), http.StatusBadRequest, domain.InvalidRequest)
	// A ceremony for Jane's address is not answered by Joe's key, whatever handle it tells.
	for _, handle := range [][]byte{joes.Handle, janes.Handle} {
		liar := *joes
		liar.Handle = handle
		c.refused(request{method: http.MethodPost, path: "/signin/webauthn/verify", body: answerWith(liar.Get(c.ceremony("/signin/webauthn", "", address("jane@example.com"))))},
			http.StatusBadRequest, domain.InvalidRequest)
		if string(handle) == string(janes.Handle) {
			c.refusedPost("/signin/webauthn/verify", answerWith(liar.Get(c.ceremony("/signin/webauthn", "", ""))), http.StatusBadRequest, domain.InvalidRequest)
		}
	}
	// Somebody who knows the id of Jane's credential makes one of their own with it.
	stolen := passkey("thief's")
	stolen.ID = janes.ID
	stolen.Handle = janes.Handle
	c.refusedPost("/signin/webauthn/verify", answerWith(stolen.Get(c.ceremony("/signin/webauthn", "", ""))), http.StatusBadRequest, domain.InvalidRequest)
	taken := c.refused(request{method: http.MethodPost, path: "/user/webauthn/verify", bearer: joe, body: answerWith(stolen.Create(c.ceremony("/user/webauthn/add", joe, "")))},
		http.StatusBadRequest, domain.InvalidRequest)
	require.Equal(t, "credential", taken.Field)
	taken = c.refusedPost("/signup/webauthn/verify", answerWith(stolen.Create(c.ceremony("/signup/webauthn", "", address("thief@example.com")))), http.StatusBadRequest, domain.InvalidRequest)
	require.Equal(t, "credential", taken.Field)
	require.Equal(t, 2, c.kit.Count("SELECT count(*) FROM auth.users"))
	require.Equal(t, http.StatusOK, c.signInWith(janes, "").status)
}

func TestWebAuthn_AKeyWhoseCounterGoesBackIsRefused(t *testing.T) {
	t.Parallel()
	c, own := newClient(t), passkey("jane's")
	session := c.signUpWith(own, "jane@example.com")
	own.Counter = 8
	require.Equal(t, http.StatusOK, c.signInWith(own, "").status)
	for _, counter := range []uint32{8, 7, 0} {
		own.Counter = counter
		got := c.signInWith(own, "")
		require.Equal(t, http.StatusBadRequest, got.status, got.body)
		require.Equal(t, 8, c.kit.Count("SELECT counter FROM auth.user_security_keys"))
	}
	key := "security key copied: user " + session.User.ID + " key " + c.keys(session.AccessToken)[0].ID
	require.Equal(t, []string{key, key, key}, c.kit.Journal.Entries())
	own.Counter = 9
	require.Equal(t, http.StatusOK, c.signInWith(own, "").status)
}

func TestWebAuthn_TamperedAnswersAreRefused(t *testing.T) {
	t.Parallel()
	c, bearer, own := newJane(t)
	text := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, change := range map[string]func(credential, response map[string]any){
		"signature":              func(_, r map[string]any) { r["signature"] = text("0123456789") },
		"authenticator data":     func(_, r map[string]any) { r["authenticatorData"] = text("too short") },
		"client data":            func(_, r map[string]any) { r["clientDataJSON"] = text("{}") },
		"client data of nothing": func(_, r map[string]any) { r["clientDataJSON"] = "" },
		"no base64":              func(_, r map[string]any) { r["clientDataJSON"] = "!!" },
		"type":                   func(k, _ map[string]any) { k["type"] = "password" },
		"id":                     func(k, _ map[string]any) { k["id"], k["rawId"] = text("another"), text("another") },
	} {
		for _, ceremony := range []string{"by address", "elevate"} {
			h := c.halves(bearer, own, passkey("fresh"))[ceremony]
			got := c.do(h.second(edited(h.answer(c.open(h)), change)))
			require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
		}
	}
	for name, change := range map[string]func(credential, response map[string]any){
		"attestation":       func(_, r map[string]any) { r["attestationObject"] = text("no CBOR") },
		"empty attestation": func(_, r map[string]any) { r["attestationObject"] = "" },
		"client data":       func(_, r map[string]any) { r["clientDataJSON"] = text(`{"type":"webauthn.get"}`) },
	} {
		h := c.halves(bearer, own, passkey("fresh"))["sign-up"]
		got := c.do(h.second(edited(h.answer(c.open(h)), change)))
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
	}
	require.Equal(t, 1, c.kit.Count("SELECT count(*) FROM auth.refresh_tokens"))
}

func TestWebAuthn_ConcealedAnswersAreAlikeForEveryAddress(t *testing.T) {
	t.Parallel()
	c := newConcealing(t, func(s *kit.Settings) { s.Conceal = true })
	key := passkey("jane's")
	c.signUpWith(key, "jane@example.com")
	c.signUp("joe@example.com")
	shape := func(email string) []string {
		var options struct {
			AllowCredentials []struct{ Type, ID string }
		}
		got := response{t: t, body: string(c.ceremony("/signin/webauthn", "", address(email)))}
		options = decode[struct {
			AllowCredentials []struct{ Type, ID string }
		}](got)
		var ids []string
		for _, allowed := range options.AllowCredentials {
			require.Equal(t, "public-key", allowed.Type)
			require.Len(t, allowed.ID, 43)
			ids = append(ids, allowed.ID)
		}
		return ids
	}
	for _, email := range []string{"jane@example.com", "joe@example.com", "nobody@example.com"} {
		ids := shape(email)
		require.Len(t, ids, 1, email)
		require.Equal(t, ids, shape(email), "the same each time: another answer would tell that it is made up")
	}
	require.NotEqual(t, shape("joe@example.com"), shape("nobody@example.com"))
	require.Equal(t, shape("nobody@example.com"), shape("NOBODY@example.com"))
	require.Equal(t, http.StatusOK, c.signInWith(key, "jane@example.com").status)
	c.concealed(request{method: http.MethodPost, path: "/signin/webauthn/verify", body: answerWith(key.Get(c.ceremony("/signin/webauthn", "", address("nobody@example.com"))))})
	c.kit.Exec("UPDATE auth.users SET disabled = true")
	require.Len(t, shape("jane@example.com"), 1)
	c.concealed(request{method: http.MethodPost, path: "/signin/webauthn/verify", body: answerWith(key.Get(c.ceremony("/signin/webauthn", "", "")))})
}
