package config

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
)

// The gateways that AUTH_SMS_PROVIDER names.
const (
	SMSTwilio  = "twilio"
	SMSModica  = "modica"
	SMSHTTP    = "http"
	SMSMailbox = "dev"
)

// checkSMS asks for what the gateway needs, once SMS are switched on.
func (l *loader) checkSMS() {
	c := &l.cfg
	for i, country := range c.SMSAllowedCountries {
		c.SMSAllowedCountries[i] = strings.ToUpper(country)
	}
	l.checkEach("AUTH_SMS_ALLOWED_COUNTRIES", c.SMSAllowedCountries, regexp.MustCompile(`^[A-Z]{2}$`).MatchString,
		"entry %d must be an ISO 3166 code of two letters such as DE")
	if !c.SMSPasswordlessEnabled || l.hasProblem("AUTH_SMS_PROVIDER") {
		return
	}
	if len(c.SMSTestNumbers) > 0 && !l.development {
		l.warn("AUTH_SMS_TEST_PHONE_NUMBERS", "whoever reads the log can sign in with these numbers")
	}
	switch c.SMSProvider {
	case SMSTwilio:
		l.checkTwilio()
	case SMSModica:
		l.require("AUTH_SMS_MODICA_USERNAME", c.SMSModicaUsername, "Modica's user name")
		l.require("AUTH_SMS_MODICA_PASSWORD", c.SMSModicaPassword, "Modica's password")
		if strings.Contains(c.SMSModicaUsername, ":") {
			l.problem("AUTH_SMS_MODICA_USERNAME", "must not contain a colon")
		}
		l.checkGatewayURL("AUTH_SMS_MODICA_API_URL", c.SMSModicaURL)
	case SMSHTTP:
		l.checkHTTPGateway()
	default:
		if !l.development {
			l.problem("AUTH_SMS_PROVIDER", "dev shows every code to whoever looks: it is for development mode only")
		}
	}
}

func (l *loader) checkTwilio() {
	c := l.cfg
	word := regexp.MustCompile(`^[0-9A-Za-z]+$`)
	l.require("AUTH_SMS_TWILIO_ACCOUNT_SID", c.SMSTwilioAccountSID, "the SID of the account, AC…")
	l.require("AUTH_SMS_TWILIO_AUTH_TOKEN", c.SMSTwilioAuthToken, "the auth token of the account")
	l.require("AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID", c.SMSTwilioServiceID, "a messaging service (MG…), a Verify service (VA…) or a sender")
	switch sid := c.SMSTwilioAccountSID; {
	case strings.HasPrefix(sid, "VA"), strings.HasPrefix(sid, "MG"):
		l.problem("AUTH_SMS_TWILIO_ACCOUNT_SID", "must be the account, AC…; services belong to AUTH_SMS_TWILIO_MESSAGING_SERVICE_ID")
	case sid != "" && !word.MatchString(sid):
		l.problem("AUTH_SMS_TWILIO_ACCOUNT_SID", "must consist of letters and digits"+l.gotName("AUTH_SMS_TWILIO_ACCOUNT_SID"))
	}
	if token := c.SMSTwilioAuthToken; token != "" && !word.MatchString(token) {
		l.problem("AUTH_SMS_TWILIO_AUTH_TOKEN", "must consist of letters and digits")
	}
	if c.SMSTwilioURL != "" {
		l.checkGatewayURL("AUTH_SMS_TWILIO_API_URL", c.SMSTwilioURL)
	}
}

func (l *loader) checkHTTPGateway() {
	c := l.cfg
	l.require("AUTH_SMS_HTTP_URL", c.SMSHTTPURL, "the URL that takes messages")
	if c.SMSHTTPURL != "" {
		l.checkGatewayURL("AUTH_SMS_HTTP_URL", c.SMSHTTPURL)
	}
	filled := strings.NewReplacer("${to}", `a\n`, "${text}", `a\n`).Replace(c.SMSHTTPTemplate)
	complete := strings.Contains(c.SMSHTTPTemplate, "${to}") && strings.Contains(c.SMSHTTPTemplate, "${text}")
	if !complete || strings.Contains(filled, "${") || !json.Valid([]byte(filled)) {
		l.problem("AUTH_SMS_HTTP_TEMPLATE", "must be a JSON document with ${to} and ${text} inside strings, and no other placeholder")
	}
}

func (l *loader) require(name, value, what string) {
	if value == "" {
		l.problem(name, "is required with AUTH_SMS_PROVIDER="+l.cfg.SMSProvider+": "+what)
	}
}

// checkGatewayURL demands https: codes and credentials travel there.
func (l *loader) checkGatewayURL(name, value string) {
	parsed, err := url.Parse(value)
	switch {
	case err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		l.problem(name, "must be an http or https URL")
	case parsed.Scheme == "http" && !isLoopback(parsed.Hostname()):
		l.unsafe(name, "must be https, or codes travel in clear")
	}
}
