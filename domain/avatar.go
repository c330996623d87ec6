package domain

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
)

// AvatarPolicy says which picture a user gets who brings none.
type AvatarPolicy struct {
	Gravatar bool   // false: no picture
	Default  string // Gravatar's answer for an unknown address: blank, identicon, mp …
	Rating   string // g, pg, r or x
}

// For returns the address of the picture, "" when Gravatar is off or there is no e-mail address. Gravatar's URLs are built
// from an MD5 of the lower-cased address; the hash is an identifier there, not a protection.
func (p AvatarPolicy) For(email Email) string {
	if !p.Gravatar || email == "" {
		return ""
	}
	sum := md5.Sum([]byte(email.Canonical()))
	query := url.Values{"d": {p.Default}, "r": {p.Rating}}
	return "https://www.gravatar.com/avatar/" + hex.EncodeToString(sum[:]) + "?" + query.Encode()
}
