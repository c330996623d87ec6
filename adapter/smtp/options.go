package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/hexauth/hexauth/port"
)

// Options say which server to use, and as whom.
type Options struct {
	Host   string
	Port   int
	Secure bool // TLS from the first byte (RFC 8314 §3.3); otherwise STARTTLS (RFC 3207) whenever the server offers it

	// User and Password are for AUTH; without a User there is none. AuthMethod is PLAIN (the default), LOGIN or CRAM-MD5. The
	// first two are refused on a connection without TLS, unless the Host is a loopback address or "mailhog".
	User       string
	Password   string
	AuthMethod string

	Sender   string        // "noreply@example.com" or "Example <noreply@example.com>"
	XSMTPAPI string        // the value of the header X-SMTPAPI; "" for none
	HELO     string        // the name for EHLO; "" for the domain of the Sender
	Timeout  time.Duration // for one mail, from dialling to the server's last word; 0 for 10 s
	Idle     time.Duration // after which an unused connection is closed; 0 for 30 s
	Clock    port.Clock    // for the header Date

	TLSConfig *tls.Config // nil: the system's authorities, and the Host as name
	// Dial reaches the server; nil for a plain net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	defaultTimeout = 10 * time.Second
	defaultIdle    = 30 * time.Second

	// backstop makes the deadlines of reads and writes come after the end of the context, which is what ends a Send.
	backstop = 2
)

// plainAddress is an address that needs neither quoting nor SMTPUTF8. Dots may stand anywhere in the local part: some providers
// gave out such addresses, and they are quoted on the wire.
var plainAddress = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$")

func (o Options) validate() error {
	switch {
	case o.Host == "":
		return errors.New("smtp: no host")
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("smtp: port %d is not between 1 and 65535", o.Port)
	case o.Timeout < 0 || o.Idle < 0:
		return errors.New("smtp: a duration is negative")
	case o.Clock == nil:
		return errors.New("smtp: no clock")
	case clean(o.HELO) != o.HELO || strings.Contains(o.HELO, " "):
		return errors.New("smtp: the name for EHLO is not a host name")
	case headerText("X-SMTPAPI", o.XSMTPAPI) != clean(o.XSMTPAPI):
		return errors.New("smtp: X-SMTPAPI must be printable ASCII and fit into a line of 998 characters")
	}
	return nil
}

// parseSender accepts what net/mail does and, as hasura-auth, any text before an address in angle brackets.
func parseSender(text string) (mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		name, rest, bracketed := strings.Cut(strings.TrimSpace(text), "<")
		if !bracketed {
			name, rest = "", strings.TrimSpace(text)+">"
		}
		address = &mail.Address{Name: strings.Trim(strings.TrimSpace(name), `"`), Address: strings.TrimSuffix(rest, ">")}
	}
	if !plainAddress.MatchString(address.Address) {
		return mail.Address{}, errors.New("smtp: the sender must be an e-mail address, or a name and an address in angle brackets")
	}
	return mail.Address{Name: strings.Join(strings.Fields(clean(address.Name)), " "), Address: address.Address}, nil
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// clientOptions translates into the words of go-mail.
func (o Options) clientOptions(helo string) ([]gomail.Option, error) {
	options := []gomail.Option{
		gomail.WithPort(o.Port), gomail.WithTimeout(backstop * cmp.Or(o.Timeout, defaultTimeout)), gomail.WithHELO(helo),
		gomail.WithTLSConfig(o.tlsConfig()), gomail.WithTLSPolicy(gomail.TLSOpportunistic),
		gomail.WithoutSMTPUTF8(), // addresses are ASCII; asking for it would make relays without it send mails back
	}
	if o.Secure {
		options = append(options, gomail.WithSSL())
	}
	method, err := o.authMethod()
	if err != nil {
		return nil, err
	}
	if o.User != "" {
		options = append(options, gomail.WithSMTPAuth(method), gomail.WithUsername(o.User), gomail.WithPassword(o.Password))
	}
	return options, nil
}

func (o Options) authMethod() (gomail.SMTPAuthType, error) {
	clearTextIsFine := isLoopback(o.Host) || o.Host == "mailhog"
	switch method := strings.ToUpper(o.AuthMethod); {
	case (method == "" || method == "PLAIN") && clearTextIsFine:
		return gomail.SMTPAuthPlainNoEnc, nil
	case method == "" || method == "PLAIN":
		return gomail.SMTPAuthPlain, nil
	case method == "LOGIN" && clearTextIsFine:
		return gomail.SMTPAuthLoginNoEnc, nil
	case method == "LOGIN":
		return gomail.SMTPAuthLogin, nil
	case method == "CRAM-MD5":
		return gomail.SMTPAuthCramMD5, nil
	}
	return "", fmt.Errorf("smtp: AUTH method %q is none of PLAIN, LOGIN, CRAM-MD5", o.AuthMethod)
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && address.IsLoopback())
}

func (o Options) tlsConfig() *tls.Config {
	config := o.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = cmp.Or(config.ServerName, o.Host)
	return config
}
