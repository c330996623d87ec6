package config

import (
	"bytes"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// checkValues applies everything that types and limits cannot say.
func (l *loader) checkValues() {
	l.checkListener()
	l.checkAside()
	l.checkOTel()
	l.checkProxies()
	l.checkRateLimits()
	l.checkCaptcha()
	l.checkURLs()
	l.checkDatabase()
	l.checkEncryptionKey()
	l.checkJWTSecret()
	l.checkLifetimes()
	l.checkUsers()
	l.checkEmailLists()
	l.checkRedirects()
	l.checkMail()
	l.checkAdminSecret()
	l.checkProviders()
	l.checkWebAuthn()
	if issuer := l.cfg.MFATOTPIssuer; issuer == "" || len(issuer) > maxIssuer || strings.Contains(issuer, ":") || hasControl(issuer) {
		l.problem("AUTH_MFA_TOTP_ISSUER", fmt.Sprintf("must be 1 to %d bytes long and have neither colons nor control characters", maxIssuer))
	}
	l.checkOIDC()
	l.checkWebhooks()
	l.checkSMS()
	l.checkClaims()
}

// maxIssuer keeps the QR code readable; percent-encoding makes three bytes of one.
const maxIssuer = 40

// checkMail refuses what can't work together. Without a mail server mails wait, which is allowed and warned about.
func (l *loader) checkMail() {
	c := l.cfg
	needsMail := c.EmailVerifiedRequired || c.EmailPasswordlessEnabled || c.OTPEmailEnabled
	switch {
	case c.SMTPHost == "" && !l.development && needsMail:
		l.warn("AUTH_SMTP_HOST", "is not set: mails wait in the outbox, and users who need one can't sign in")
	case c.SMTPHost == "":
	case c.SMTPSender == "":
		l.problem("AUTH_SMTP_SENDER", "is required with AUTH_SMTP_HOST: the address mails come from, such as Example <noreply@example.com>")
	default:
		if _, err := mail.ParseAddress(c.SMTPSender); err != nil {
			l.problem("AUTH_SMTP_SENDER", "must be an address such as noreply@example.com or Example <noreply@example.com>")
		}
	}
	if c.SMTPHost == postmarkHost && c.SMTPPassword == "" {
		l.problem("AUTH_SMTP_PASS", "is required with AUTH_SMTP_HOST=postmark: Postmark's server token")
	}
	if parsed, err := url.Parse(c.HIBPURL); c.HIBPEnabled && (err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http") {
		l.problem("AUTH_PASSWORD_HIBP_URL", "must be an http or https URL")
	}
}

const postmarkHost = "postmark"

func (l *loader) checkListener() {
	c := &l.cfg
	c.Host = strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]")
	name := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
	if _, err := netip.ParseAddr(c.Host); err != nil && c.Host != "" && !name.MatchString(c.Host) {
		l.problem("AUTH_HOST", "must be an IP address or a host name, without a port (0.0.0.0 for every IPv4 address)"+l.gotName("AUTH_HOST"))
	} else if l.development && !isLoopback(c.Host) {
		l.warn("AUTH_HOST", "development mode is reachable from other machines")
	}
	c.APIPrefix = strings.Trim(c.APIPrefix, "/")
	if c.APIPrefix != "" {
		c.APIPrefix = "/" + c.APIPrefix
	}
	prefix := regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)
	if !prefix.MatchString(c.APIPrefix) {
		l.problem("AUTH_API_PREFIX", "must be a path of letters, digits and - . _ ~ such as /v1"+l.gotName("AUTH_API_PREFIX"))
	}
	if strings.ContainsAny(c.DataDir, "?#") || hasControl(c.DataDir) {
		l.problem("AUTH_DATA_DIR", "must be a directory whose path has no ?, # or control character")
	}
}

// checkAside checks the listeners beside that of the API.
func (l *loader) checkAside() {
	for name, addr := range map[string]string{"AUTH_METRICS_ADDR": l.cfg.MetricsAddr, "AUTH_PPROF_ADDR": l.cfg.PprofAddr} {
		host, port, err := net.SplitHostPort(addr)
		if _, numeric := strconv.ParseUint(port, 10, 16); addr != "" && (err != nil || numeric != nil) {
			l.problem(name, "must be an address and a port such as 127.0.0.1:9464"+l.gotName(name))
		} else if name == "AUTH_PPROF_ADDR" && addr != "" && !isLoopback(host) {
			l.unsafe(name, "is reachable from other machines, and profiles of memory can hold secrets: use a loopback address such as 127.0.0.1:6060")
		}
	}
}

// checkOTel checks what OpenTelemetry's libraries would only complain of when they send something.
func (l *loader) checkOTel() {
	c := l.cfg
	for name, endpoint := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": c.OTelEndpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.OTelTracesEndpoint,
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.OTelMetricsEndpoint,
	} {
		if parsed, ok := parsePlainURL(endpoint); endpoint != "" && (!ok || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "") {
			l.problem(name, "must be an http or https URL such as http://otel-collector:4318")
		}
	}
	for name, exporter := range map[string]string{"OTEL_TRACES_EXPORTER": c.OTelTracesExporter, "OTEL_METRICS_EXPORTER": c.OTelMetricsExporter} {
		if !slices.Contains([]string{"", "otlp", "none"}, exporter) {
			l.problem(name, "must be otlp or none"+l.gotName(name))
		}
	}
	pairs := regexp.MustCompile(`^\s*[^=,\s]+\s*=[^,]*$`)
	for name, list := range map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": c.OTelHeaders, "OTEL_RESOURCE_ATTRIBUTES": c.OTelResourceAttributes} {
		for pair := range strings.SplitSeq(list, ",") {
			if _, err := url.PathUnescape(pair); err != nil || pair != "" && !pairs.MatchString(pair) {
				l.problem(name, "must be like key=value,key=value, with percent-encoded values")
				break
			}
		}
	}
}

// checkProxies reads none as an empty list.
func (l *loader) checkProxies() {
	if slices.Equal(l.cfg.TrustedProxies, []string{"none"}) {
		l.cfg.TrustedProxies = nil
	}
	if _, err := domain.NewProxies(l.cfg.TrustedProxies); err != nil {
		l.problem("AUTH_TRUSTED_PROXIES", err.Error()+", or the list must be the one word none")
	}
	if slices.ContainsFunc(l.cfg.TrustedProxies, func(entry string) bool { return strings.HasSuffix(entry, "/0") }) {
		l.unsafe("AUTH_TRUSTED_PROXIES", "trusts everybody, so every client can invent its address")
	}
}

func (l *loader) checkRateLimits() {
	c := l.cfg
	if c.RateLimitRedisURL != "" {
		u, err := url.Parse(c.RateLimitRedisURL)
		if err != nil || u.Hostname() == "" || !slices.Contains([]string{"redis", "rediss", "valkey", "valkeys"}, u.Scheme) {
			l.problem("AUTH_RATE_LIMIT_REDIS_URL", "must be a URL such as redis://user:password@redis.example.com:6379/0, or rediss:// with TLS")
		} else if !c.RateLimitEnabled {
			l.warn("AUTH_RATE_LIMIT_REDIS_URL", "has no effect because AUTH_RATE_LIMIT_ENABLE is not true")
		}
	}
	if c.MemcacheServer != "" {
		l.warn("AUTH_RATE_LIMIT_MEMCACHE_SERVER", "is not supported: each instance counts for itself unless AUTH_RATE_LIMIT_REDIS_URL names a Redis or Valkey server")
	}
}

func (l *loader) checkCaptcha() {
	c, secret := l.cfg, "AUTH_CAPTCHA_SECRET"
	if c.CaptchaSecret == "" && c.CaptchaProvider != "turnstile" {
		l.problem(secret, "is required with AUTH_CAPTCHA_PROVIDER: the secret key that the provider shows beside the site key")
	} else if c.CaptchaSecret == "" && l.isSet("AUTH_CAPTCHA_PROVIDER") {
		l.warn("AUTH_CAPTCHA_PROVIDER", "has no effect because "+secret+" is not set: no captcha is asked for")
	}
	if l.givenName(secret) == "AUTH_TURNSTILE_SECRET" && c.CaptchaProvider != "turnstile" {
		l.problem(secret, "contradicts AUTH_CAPTCHA_PROVIDER: give the secret of another provider in "+secret)
	}
	if c.CaptchaAction != "" && c.CaptchaProvider == "hcaptcha" {
		l.problem("AUTH_CAPTCHA_ACTION", "means nothing to hCaptcha")
	}
	if c.CaptchaURL == "" {
		return
	}
	if u, ok := parsePlainURL(c.CaptchaURL); !ok || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		l.problem("AUTH_CAPTCHA_URL", "must be an http or https URL without user and fragment")
	} else if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		l.unsafe("AUTH_CAPTCHA_URL", "plain http shows the secret to everybody on the way: use https")
	}
}

func (l *loader) checkEncryptionKey() {
	key := l.cfg.EncryptionKey
	switch {
	case l.hasProblem("AUTH_ENCRYPTION_KEY"):
	case key == nil && !l.development:
		l.problem("AUTH_ENCRYPTION_KEY", "is required: give 32 random bytes as hexadecimal digits, for example from \"openssl rand -hex 32\", "+
			"or set AUTH_DEV_MODE=true to try things out")
	case key != nil && bytes.Count(key, key[:1]) == len(key):
		l.unsafe("AUTH_ENCRYPTION_KEY", "repeats one byte, so anybody can guess it: give random bytes, for example from \"openssl rand -hex 32\"")
	}
}

// minAdminSecret is how long the secret of administrators must be: nobody counts the attempts to guess it.
const minAdminSecret = 32

func (l *loader) checkAdminSecret() {
	switch secret := l.cfg.AdminSecret; {
	case secret == "":
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		l.problem("AUTH_ADMIN_SECRET", "must consist of printable ASCII characters without blanks: it travels in a header")
	case len(secret) < minAdminSecret:
		l.unsafe("AUTH_ADMIN_SECRET", "must have at least 32 characters, for example from \"openssl rand -hex 32\"")
	case strings.Count(secret, secret[:1]) == len(secret):
		l.unsafe("AUTH_ADMIN_SECRET", "repeats one character, so anybody can guess it")
	}
}

func (l *loader) checkLifetimes() {
	c := l.cfg
	access, refresh, grace := "AUTH_ACCESS_TOKEN_EXPIRES_IN", "AUTH_REFRESH_TOKEN_EXPIRES_IN", "AUTH_REFRESH_TOKEN_GRACE"
	if l.hasProblem(refresh) {
		return
	}
	if !l.isSet(grace) {
		l.cfg.RefreshTokenGrace = min(c.RefreshTokenGrace, c.RefreshTokenExpiresIn)
	} else if !l.hasProblem(grace) && c.RefreshTokenGrace > c.RefreshTokenExpiresIn {
		l.unsafe(grace, fmt.Sprintf("must not be longer than %s (%d seconds)", refresh, c.RefreshTokenExpiresIn/time.Second))
	}
	if !l.hasProblem(access) && c.AccessTokenExpiresIn > c.RefreshTokenExpiresIn {
		l.warn(access, "access tokens live longer than sessions ("+refresh+")")
	}
}

func (l *loader) checkUsers() {
	c := l.cfg
	role := regexp.MustCompile(`^[\pL\pN_][\pL\pN_.:@/+-]*$`)
	const roleRule = " must consist of letters, digits and _ . : @ / + -, starting with a letter, digit or _"
	if !role.MatchString(c.DefaultRole) {
		l.problem("AUTH_USER_DEFAULT_ROLE", "the role"+roleRule+l.gotName("AUTH_USER_DEFAULT_ROLE"))
	}
	l.checkEach("AUTH_USER_DEFAULT_ALLOWED_ROLES", c.AllowedRoles, role.MatchString, "role %d"+roleRule)

	locale := regexp.MustCompile(`^[A-Za-z]{2,3}$`)
	if !locale.MatchString(c.DefaultLocale) {
		l.problem("AUTH_LOCALE_DEFAULT", "must be 2 or 3 letters such as en"+l.gotName("AUTH_LOCALE_DEFAULT"))
	}
	l.checkEach("AUTH_LOCALE_ALLOWED_LOCALES", c.AllowedLocales, locale.MatchString, "locale %d must be 2 or 3 letters such as en")
}

func (l *loader) checkEmailLists() {
	c := &l.cfg
	address := regexp.MustCompile(`^[^\s@]+@[^\s@]+$`)
	domainName := regexp.MustCompile(`^[\pL\pN]([\pL\pN.-]*[\pL\pN])?$`)
	for name, list := range map[string][]string{
		"AUTH_ACCESS_CONTROL_ALLOWED_EMAILS": c.AllowedEmails, "AUTH_ACCESS_CONTROL_BLOCKED_EMAILS": c.BlockedEmails,
	} {
		lowerAll(list)
		l.checkEach(name, list, address.MatchString, "entry %d must be an address such as jane@example.com")
	}
	for name, list := range map[string][]string{
		"AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS": c.AllowedEmailDomains, "AUTH_ACCESS_CONTROL_BLOCKED_EMAIL_DOMAINS": c.BlockedEmailDomains,
	} {
		lowerAll(list)
		l.checkEach(name, list, domainName.MatchString, "entry %d must be a domain such as example.com, without @ or wildcards")
	}
	l.checkOverlap("AUTH_ACCESS_CONTROL_ALLOWED_EMAILS", c.AllowedEmails, "AUTH_ACCESS_CONTROL_BLOCKED_EMAILS", c.BlockedEmails)
	l.checkOverlap("AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS", c.AllowedEmailDomains,
		"AUTH_ACCESS_CONTROL_BLOCKED_EMAIL_DOMAINS", c.BlockedEmailDomains)
}

// checkOverlap refuses an entry that is both allowed and blocked.
func (l *loader) checkOverlap(allowedName string, allowed []string, blockedName string, blocked []string) {
	for i, entry := range allowed {
		if slices.Contains(blocked, entry) {
			l.unsafe(allowedName, fmt.Sprintf("entry %d is in %s too, which wins: remove one of them", i+1, blockedName))
		}
	}
}

// checkEach reports every member that does not satisfy ok; format has a place for the member's number, counted from 1.
func (l *loader) checkEach(name string, list []string, ok func(string) bool, format string) {
	for i, member := range list {
		if !ok(member) {
			l.problem(name, fmt.Sprintf(format, i+1))
		}
	}
}

func lowerAll(list []string) {
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
}

// gotName is got for a variable that is no secret.
func (l *loader) gotName(name string) string {
	i := slices.IndexFunc(l.fields, func(f field) bool { return f.name == name })
	return l.got(l.fields[i])
}

// isLoopback tells whether a host, without port and brackets, is this machine: a loopback address, localhost or a name
// below it (RFC 6761 §6.3).
func isLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
