package oauth

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"

	"github.com/hexauth/hexauth/port"
)

const (
	appleIssuer = "https://appleid.apple.com"
	// appleSecretLifetime is short because every request gets a client secret of its own; Apple allows six months.
	appleSecretLifetime = 5 * time.Minute
)

// apple is Sign in with Apple: https://developer.apple.com/documentation/signinwithapple. There is no profile: who it is stands in
// id tokens, one in the form that the browser posts, and one that the code is exchanged for. It knows no PKCE, but a nonce. The
// client secret is a token that the client signs.
func apple(s Settings, clock port.Clock, client *http.Client) kind {
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), cmp.Or(s.AppleKeysURL, appleIssuer+"/auth/keys"))
	verifier := oidc.NewVerifier(appleIssuer, keys, &oidc.Config{
		ClientID: s.ClientID, SupportedSigningAlgs: []string{oidc.RS256}, Now: clock.Now,
	})
	return kind{
		authorizationURL: appleIssuer + "/auth/authorize",
		tokenURL:         appleIssuer + "/auth/token",
		scopes:           []string{"name", "email"},
		parameters:       url.Values{"response_type": {"code id_token"}, "response_mode": {"form_post"}},
		nonce:            always,
		secret: func(now time.Time) (string, error) {
			return appleSecret(s.ApplePrivateKey, s.AppleKeyID, jwt.RegisteredClaims{
				Issuer: s.AppleTeamID, Subject: s.ClientID, Audience: jwt.ClaimStrings{appleIssuer},
				IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(appleSecretLifetime)),
			})
		},
		read: func(ctx context.Context, v visit) (profile, error) { return readApple(ctx, v, verifier) },
	}
}

func appleSecret(key *ecdsa.PrivateKey, keyID string, claims jwt.RegisteredClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = keyID
	signed, err := token.SignedString(key)
	if err != nil {
		return "", errors.New("the private key can't sign")
	}
	return signed, nil
}

// appleClaims are the claims of an id token. EmailVerified is a string at times.
type appleClaims struct {
	Subject       string   `json:"sub"`
	Email         string   `json:"email"`
	EmailVerified textFlag `json:"email_verified"`
}

// readApple trusts the id token that the code was exchanged for. One that came with the form must belong to the same user.
func readApple(ctx context.Context, v visit, verifier *oidc.IDTokenVerifier) (profile, error) {
	raw, _ := v.token.Extra("id_token").(string)
	who, err := verifyApple(ctx, verifier, raw, v.request.Nonce)
	if err != nil {
		return profile{}, err
	}
	if v.callback.IDToken != "" {
		inForm, err := verifyApple(ctx, verifier, v.callback.IDToken, v.request.Nonce)
		if err != nil {
			return profile{}, err
		}
		if inForm.Subject != who.Subject {
			return profile{}, errors.New("the code and the id token of the form belong to different users")
		}
	}
	return profile{
		id: who.Subject, email: who.Email, attested: bool(who.EmailVerified), name: cmp.Or(appleName(v.callback.User), who.Email),
	}, nil
}

// verifyApple checks signature, algorithm, issuer, audience, expiry and nonce.
func verifyApple(ctx context.Context, verifier *oidc.IDTokenVerifier, raw, nonce string) (appleClaims, error) {
	token, err := verifier.Verify(ctx, raw)
	if ctx.Err() != nil {
		return appleClaims{}, ctx.Err()
	}
	if err != nil {
		return appleClaims{}, errors.New("the id token is not good, or Apple's keys can't be had") // the library's words repeat claims
	}
	if !sameNonce(token.Nonce, nonce) {
		return appleClaims{}, errors.New("the id token belongs to another request: its nonce differs")
	}
	var claims appleClaims
	if err := token.Claims(&claims); err != nil {
		return appleClaims{}, errors.New("the id token's claims are malformed")
	}
	return claims, nil
}

// appleName reads the form's field user, which comes with the first consent only. It is the user's own word.
func appleName(text string) string {
	var user struct {
		Name struct {
			FirstName string `json:"firstName"`
			LastName  string `json:"lastName"`
		} `json:"name"`
	}
	if json.Unmarshal([]byte(text), &user) != nil {
		return ""
	}
	return fullName(user.Name.FirstName, user.Name.LastName)
}
