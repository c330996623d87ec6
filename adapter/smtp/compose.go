package smtp

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/hexauth/hexauth/domain"
)

// letter is a mail as it goes over the wire: envelope addresses in angle brackets, and the content.
type letter struct {
	from, to string
	content  []byte
}

// compose writes the mail: text and HTML as alternatives (RFC 2046 §5.1.4), everything in lines of 7-bit characters. The
// Message-ID derives from the mail's ID, so a mail that is sent twice can be recognised.
func (m *Mailer) compose(mail domain.Mail) (letter, error) {
	if !plainAddress.MatchString(mail.To) {
		return letter{}, errors.New("smtp: the recipient is not an e-mail address")
	}
	if mail.ID == "" || strings.ContainsFunc(mail.ID, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>@", r) }) {
		return letter{}, errors.New("smtp: the mail has no ID that could be a Message-ID")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&m.sender)
	msg.ToMailAddress(&netmail.Address{Address: mail.To})
	msg.SetDateWithValue(m.clock.Now())
	msg.SetMessageIDWithValue(mail.ID + "@" + domainOf(m.sender.Address))
	for name, value := range m.headers(mail) {
		msg.SetGenHeaderPreformatted(gomail.Header(name), headerText(name, value))
	}
	switch {
	case mail.HTML == "":
		msg.SetBodyString(gomail.TypeTextPlain, mail.Text)
	case mail.Text == "":
		msg.SetBodyString(gomail.TypeTextHTML, mail.HTML)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, mail.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, mail.HTML)
	}
	var content bytes.Buffer
	if _, err := msg.WriteTo(&content); err != nil {
		return letter{}, fmt.Errorf("smtp: composing: %w", err)
	}
	return letter{from: bracketed(m.sender.Address), to: bracketed(mail.To), content: content.Bytes()}, nil
}

func bracketed(address string) string { return (&netmail.Address{Address: address}).String() }

// headers returns what every mail of the product has beyond the usual. The four with an X are part of the public contract: test
// suites of applications read them from mail catchers.
func (m *Mailer) headers(mail domain.Mail) map[string]string {
	headers := map[string]string{
		"Subject":          mail.Subject,
		"Auto-Submitted":   "auto-generated", // RFC 3834 §5: no vacation replies, please
		"X-Email-Template": string(mail.Template),
		"X-Link":           mail.Link,
		"X-Ticket":         mail.Ticket,
		"X-Redirect-To":    mail.RedirectTo,
	}
	if m.smtpAPI != "" {
		headers["X-SMTPAPI"] = m.smtpAPI
	}
	return headers
}

const (
	maxLine = 998 // RFC 5322 §2.1.1, without CR LF
	maxWord = 45  // bytes that fit, as base64, into an encoded word of 75 characters (RFC 2047 §2)
)

// headerText returns the value of a header, without control characters. Printable ASCII stays as it is, on one line however
// long, because folding a link would put blanks into it. What is longer than a line may be, or not ASCII, or looks encoded,
// becomes encoded words (RFC 2047), which readers decode to the same value.
func headerText(name, value string) string {
	value = clean(value)
	plain := !strings.ContainsFunc(value, func(r rune) bool { return r > '~' })
	if plain && len(name)+len(": ")+len(value) <= maxLine && !strings.Contains(value, "=?") {
		return value
	}
	var words []string
	for value != "" {
		end := 0
		for end < len(value) {
			_, size := utf8.DecodeRuneInString(value[end:])
			if end+size > maxWord {
				break
			}
			end += size
		}
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(value[:end]))+"?=")
		value = value[end:]
	}
	return strings.Join(words, "\r\n ")
}

// clean removes what could end a header or a line of a log, and blanks around.
func clean(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text))
}
