package oauth

import (
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// clockDifference is how far a provider's clock may be behind or ahead.
const clockDifference = time.Minute

// idClaims are the claims by which an id token is tied to this client and to one request (OpenID Connect Core §2).
type idClaims struct {
	jwt.RegisteredClaims
	Nonce string `json:"nonce"`
}

// checkIDToken holds the id token that came with the access token, if one came, to the request: audience, expiry and nonce. It
// came from the provider's token address over TLS, which stands in for its signature (OpenID Connect Core §3.1.3.7, 6). id is
// the profile's.
func (v visit) checkIDToken(id string) error {
	raw, _ := v.token.Extra("id_token").(string)
	if raw == "" || v.kind.nonce == never {
		return nil
	}
	var claims struct {
		idClaims
		ObjectID string `json:"oid"` // Microsoft
	}
	if _, _, err := jwt.NewParser().ParseUnverified(raw, &claims); err != nil {
		return errors.New("the id token is malformed")
	}
	if err := claims.check(v.config.ClientID, v.request.Nonce, v.clock.Now()); err != nil {
		return err
	}
	if claims.Subject != id && (claims.ObjectID == "" || claims.ObjectID != id) {
		return errors.New("the id token belongs to somebody else than the profile") // OpenID Connect Core §5.3.2
	}
	return nil
}

func (c idClaims) check(clientID, nonce string, now time.Time) error {
	switch {
	case !slices.Contains(c.Audience, clientID):
		return errors.New("the id token is for another audience")
	case c.ExpiresAt == nil || now.After(c.ExpiresAt.Add(clockDifference)):
		return errors.New("the id token has expired")
	case !sameNonce(c.Nonce, nonce):
		return errors.New("the id token belongs to another request: its nonce differs")
	}
	return nil
}

func sameNonce(a, b string) bool {
	return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
