package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hexauth/hexauth/adapter/mailbox"
	"github.com/hexauth/hexauth/adapter/modica"
	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/adapter/smsgateway"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/adapter/twilio"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// gatewayTimeout is how long a gateway may take for one message: somebody waits for the answer.
const gatewayTimeout = 10 * time.Second

// newSMS chooses the gateway; byGateway says that it makes and checks codes by itself.
func newSMS(cfg config.Config, box *mailbox.Mailbox, tracing *telemetry.Telemetry) (sender port.SMSSender, verifier port.SMSVerifier, byGateway bool, err error) {
	if !cfg.SMSPasswordlessEnabled {
		return noGateway{}, noGateway{}, false, nil
	}
	switch cfg.SMSProvider {
	case config.SMSTwilio:
		return newTwilio(cfg, tracing)
	case config.SMSModica:
		sender, err = modica.New(modica.Options{
			BaseURL: cfg.SMSModicaURL, Username: cfg.SMSModicaUsername, Password: cfg.SMSModicaPassword, Timeout: gatewayTimeout,
			Client: tracing.Client("modica"),
		})
	case config.SMSHTTP:
		sender, err = smsgateway.New(smsgateway.Options{
			URL: cfg.SMSHTTPURL, Headers: cfg.SMSHTTPHeaders, Template: cfg.SMSHTTPTemplate, Timeout: gatewayTimeout,
			Client: tracing.Client("sms-gateway"),
		})
		if err != nil {
			err = fmt.Errorf("AUTH_SMS_HTTP_URL, AUTH_SMS_HTTP_HEADERS, AUTH_SMS_HTTP_TEMPLATE: %w", err)
		}
	default:
		sender = box
	}
	return sender, noGateway{}, false, err
}

func newTwilio(cfg config.Config, tracing *telemetry.Telemetry) (port.SMSSender, port.SMSVerifier, bool, error) {
	options := twilio.Options{
		AccountSID: cfg.SMSTwilioAccountSID, AuthToken: cfg.SMSTwilioAuthToken, ServiceID: cfg.SMSTwilioServiceID, BaseURL: cfg.SMSTwilioURL,
		Timeout: gatewayTimeout, Client: tracing.Client("twilio"),
	}
	if twilio.UsesVerify(cfg.SMSTwilioServiceID) {
		verifier, err := twilio.NewVerifier(options)
		return noGateway{}, verifier, true, err
	}
	sender, err := twilio.NewSender(options)
	return sender, noGateway{}, false, err
}

// noGateway stands for what is not configured, and is never asked.
type noGateway struct{}

var errNoGateway = fmt.Errorf("%w: no gateway is configured (AUTH_SMS_PROVIDER)", domain.CannotSendSMS)

func (noGateway) SendSMS(context.Context, domain.Mail) error                      { return errNoGateway }
func (noGateway) StartVerification(context.Context, string, string) error         { return errNoGateway }
func (noGateway) CheckVerification(context.Context, string, string) (bool, error) { return false, nil }

// smsPolicy checks what takes knowledge of numbers.
func smsPolicy(cfg config.Config) (domain.SMSPolicy, error) {
	p := domain.SMSPolicy{
		Countries: cfg.SMSAllowedCountries, PerNumber: cfg.SMSLimitNumber, PerCountry: cfg.SMSLimitCountry, Total: cfg.SMSLimitTotal,
		Window: cfg.SMSLimitInterval,
	}
	for i, country := range p.Countries {
		if !(phone.Numbers{}).Country(country) {
			return p, fmt.Errorf("AUTH_SMS_ALLOWED_COUNTRIES: entry %d is no country with phone numbers of its own (the United Kingdom is GB)", i+1)
		}
	}
	for i, text := range cfg.SMSTestNumbers {
		number, _, err := phone.Numbers{}.Parse(text)
		if err != nil {
			return p, fmt.Errorf("AUTH_SMS_TEST_PHONE_NUMBERS: entry %d must be an international phone number such as +12025550123", i+1)
		}
		p.TestNumbers = append(p.TestNumbers, number)
	}
	return p, nil
}
