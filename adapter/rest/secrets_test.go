package rest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkSecrets demands that an error repeats no value of its request, that no answer has what was mailed, and that the log
// repeats none of any request, answer or mail.
func (c *client) checkSecrets(r request, got response) {
	c.t.Helper()
	for _, secret := range c.submitted(r) {
		if got.status >= 400 {
			require.False(c.t, repeats(got.body, secret), "an error repeats what was sent: %s", got.body)
		}
		require.False(c.t, repeats(withoutQuery(got.header.Get("Location"), "code", "refreshToken"), secret) && secret != c.redirectTo(r), "a redirect repeats what was sent")
		c.secrets = append(c.secrets, secret)
	}
	c.secrets = append(c.secrets, issued(got)...)
	c.collectMails()
	for _, secret := range c.mailed {
		require.False(c.t, repeats(got.body, secret), "an answer has what was mailed: %s", got.body)
		for name, values := range got.header {
			require.False(c.t, repeats(strings.Join(values, "\n"), secret), "a header has what was mailed: %s: %s", name, values)
		}
	}
	text := c.log.String()
	for _, secret := range c.secrets {
		require.False(c.t, repeats(text[c.checked:], secret), "the log repeats %q:\n%s", secret, text[c.checked:])
	}
	c.checked = len(text)
}

// collectMails sends what is due and notes the secrets of new mails.
func (c *client) collectMails() {
	c.t.Helper()
	mails := c.kit.Mails()
	for _, mail := range mails[c.mails:] {
		secrets := []string{mail.Ticket}
		if mail.Link != "" {
			_, id, found := strings.Cut(mail.Ticket, ":")
			require.True(c.t, found)
			secrets = append(secrets, id, url.QueryEscape(mail.Ticket), mail.Link)
		}
		c.mailed = append(c.mailed, secrets...)
		c.secrets = append(c.secrets, secrets...)
	}
	c.mails = len(mails)
}

// submitted are the values of a request that nobody else may learn.
func (c *client) submitted(r request) []string {
	sent := append(values(userHandle.ReplaceAllString(r.body, "")), r.bearer)
	sent = append(sent, r.header.Values("X-Hexauth-Admin-Secret")...)
	sent = append(sent, r.header.Values("X-Hasura-Admin-Secret")...)
	for _, header := range r.header.Values("Authorization") {
		if token := strings.TrimPrefix(header, "Bearer "); !strings.EqualFold(strings.TrimSpace(token), "Bearer") {
			sent = append(sent, token)
		}
	}
	_, query, _ := strings.Cut(r.path, "?")
	parameters, _ := url.ParseQuery(query) // what is broken is not among them
	for _, name := range []string{"ticket", "redirectTo", "codeChallenge"} {
		sent = append(sent, parameters[name]...)
	}
	var secrets []string
	for _, value := range sent {
		if len(value) >= minSecret && !c.isRoute(value) && value != c.kit.Settings.ClientURL {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

// userHandle is a user's id, which is no secret, where an authenticator tells it.
var userHandle = regexp.MustCompile(`"userHandle":"[^"]*",?`)

// redirectTo is the one value of a request that a redirect does repeat.
func (c *client) redirectTo(r request) string {
	_, query, _ := strings.Cut(r.path, "?")
	parameters, _ := url.ParseQuery(query)
	return parameters.Get("redirectTo")
}

// issued are the secrets that an answer gives.
func issued(got response) []string {
	var found []string
	if got.status == http.StatusOK {
		for _, token := range regexp.MustCompile(`"(?:accessToken|refreshToken|ticket|totpSecret)":"([^"]+)"`).FindAllStringSubmatch(got.body, -1) {
			found = append(found, token[1])
		}
		found = append(found, regexp.MustCompile(`\b[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\b`).FindAllString(got.body, -1)...) // recovery codes
	}
	if location, err := url.Parse(got.header.Get("Location")); err == nil {
		for _, name := range []string{"refreshToken", "code", "mfaTicket"} {
			if token := location.Query().Get(name); token != "" {
				found = append(found, token)
			}
		}
	}
	return found
}

// withoutQuery drops parameters of a URL; what is no URL stays.
func withoutQuery(text string, names ...string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return text
	}
	query := parsed.Query()
	for _, name := range names {
		query.Del(name)
	}
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// minSecret is the shortest value that is looked for: shorter ones appear by chance.
const minSecret = 6

var isNumber = regexp.MustCompile(`^[0-9]+$`)

// repeats tells whether a text has a secret in it. A code's digits count only as a word: among those of ids and times they
// appear by chance.
func repeats(text, secret string) bool {
	if !strings.Contains(text, secret) {
		return false
	}
	return !isNumber.MatchString(secret) || regexp.MustCompile(`\b`+secret+`\b`).MatchString(text)
}

// isRoute tells whether a value is part of a path of the API ("email-password"): the log names those anyway.
func (c *client) isRoute(value string) bool {
	for path := range c.contract.Paths.Map() {
		if strings.Contains(path, value) {
			return true
		}
	}
	return false
}

// values returns the strings of a JSON text that are not keys, of broken JSON too.
func values(text string) []string {
	var found []string
	for _, m := range regexp.MustCompile(`"((?:[^"\\]|\\.)*)"\s*(:?)`).FindAllStringSubmatch(text, -1) {
		if m[2] == ":" {
			continue
		}
		var value string
		if json.Unmarshal([]byte(`"`+m[1]+`"`), &value) == nil {
			found = append(found, value)
		}
	}
	return found
}

func TestRepeats_FindsCodesAsWordsAndTheRestAnywhere(t *testing.T) {
	t.Parallel()
	require.True(t, repeats(`{"otp":"123456"}`, "123456"))
	require.True(t, repeats("code=123456&x", "123456"))
	require.False(t, repeats("0123456789", "123456"))
	require.False(t, repeats(`{"request_id":"9d2c12345612"}`, "123456"))
	require.True(t, repeats("xverifyEmail:ax", "verifyEmail:a"))
	require.False(t, repeats("verifyEmail:b", "verifyEmail:a"))
}

func TestSecrets_OfMailsAreCollectedWholeAndInParts(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.mustPost("/signin/passwordless/email", address("jane@example.com"))
	mail := c.kit.LastMail()
	require.Equal(t, []string{mail.Ticket, strings.TrimPrefix(mail.Ticket, "passwordlessEmail:"), strings.Replace(mail.Ticket, ":", "%3A", 1), mail.Link}, c.mailed)
	c.mustPost("/signin/otp/email", address("jane@example.com"))
	require.Regexp(t, `^[0-9]{6}$`, c.mailed[4])
	require.Subset(t, c.secrets, c.mailed)
}
