package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// androidOrigin begins the origins of Android apps (WebAuthn for apps: Digital Asset Links).
const androidOrigin = "android:apk-key-hash:"

// checkWebAuthn completes and checks the relying party: without a host name and an origin that browsers let use it, no ceremony
// could ever succeed.
func (l *loader) checkWebAuthn() {
	if !l.cfg.WebAuthnEnabled {
		return
	}
	c := &l.cfg
	if client, err := url.Parse(c.ClientURL); err == nil && (client.Scheme == "https" || client.Scheme == "http") && client.Hostname() != "" {
		if c.WebAuthnRPID == "" {
			c.WebAuthnRPID = client.Hostname()
		}
		if origin := originOf(client); !slices.Contains(c.WebAuthnRPOrigins, origin) {
			c.WebAuthnRPOrigins = append(c.WebAuthnRPOrigins, origin)
		}
	}
	l.checkRPID()
	for i, origin := range c.WebAuthnRPOrigins {
		c.WebAuthnRPOrigins[i] = l.checkOrigin(fmt.Sprintf("entry %d ", i+1), origin)
	}
}

// originOf writes an origin as browsers do: in lower case and without the port that goes without saying (RFC 6454 §6.2).
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host
}

func (l *loader) checkRPID() {
	c := &l.cfg
	c.WebAuthnRPID = strings.ToLower(c.WebAuthnRPID)
	name := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
	_, notAddress := netip.ParseAddr(c.WebAuthnRPID)
	switch {
	case c.WebAuthnRPID == "":
		l.problem("AUTH_WEBAUTHN_RP_ID", "is required with AUTH_WEBAUTHN_ENABLED where AUTH_CLIENT_URL is no web address: the domain of your app, such as example.com")
	case notAddress == nil || !name.MatchString(c.WebAuthnRPID):
		l.problem("AUTH_WEBAUTHN_RP_ID", "must be a domain such as example.com or localhost, without scheme and port; browsers take no IP address")
	case c.WebAuthnRPName == "":
		c.WebAuthnRPName = c.WebAuthnRPID
	}
	if len(c.WebAuthnRPOrigins) == 0 {
		l.problem("AUTH_WEBAUTHN_RP_ORIGINS", "is required with AUTH_WEBAUTHN_ENABLED where AUTH_CLIENT_URL is no web address: where your app is, such as https://app.example.com")
	}
}

// checkOrigin returns an origin as browsers write it.
func (l *loader) checkOrigin(entry, origin string) string {
	if hash, isAndroid := strings.CutPrefix(origin, androidOrigin); isAndroid && hash != "" {
		return origin
	}
	u, ok := parsePlainURL(origin)
	switch {
	case !ok || strings.Contains(origin, "*") || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		l.problem("AUTH_WEBAUTHN_RP_ORIGINS", entry+"must be an origin such as https://app.example.com, or "+androidOrigin+" and a hash")
		return origin
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		l.unsafe("AUTH_WEBAUTHN_RP_ORIGINS", entry+"is plain http, where browsers offer no passkeys: use https")
	case u.Hostname() != l.cfg.WebAuthnRPID && !strings.HasSuffix(u.Hostname(), "."+l.cfg.WebAuthnRPID):
		l.warn("AUTH_WEBAUTHN_RP_ORIGINS", entry+"is not below AUTH_WEBAUTHN_RP_ID: browsers use its keys only where the domain names it a related origin")
	}
	return originOf(u)
}
