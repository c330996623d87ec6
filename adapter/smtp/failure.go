package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// failure says at which step a mail failed. When begun, the server had agreed to take the content, and may have taken it.
type failure struct {
	step  string
	begun bool
	err   error
}

const serviceNotAvailable = 421 // the server is about to close the connection (RFC 5321 §3.8)

// refused tells whether the server said no in a connection that it keeps open.
func (f *failure) refused() bool {
	var answer *textproto.Error
	return errors.As(f.err, &answer) && answer.Code != serviceNotAvailable
}

// sendError has a text without secrets, whatever its causes say.
type sendError struct {
	text   string
	causes []error
}

func (e *sendError) Error() string { return e.text }

func (e *sendError) Unwrap() []error { return e.causes }

// explain turns a failure into the error for the caller.
func (m *Mailer) explain(ctx context.Context, mail domain.Mail, f *failure) error {
	e := &sendError{causes: []error{f.err}}
	var answer *textproto.Error
	var garbage textproto.ProtocolError
	isAnswer := errors.As(f.err, &answer)
	text := f.err.Error()
	switch {
	case ctx.Err() != nil:
		text = ctx.Err().Error()
		e.causes = append(e.causes, ctx.Err())
	case isAnswer && f.begun:
		text = strings.TrimSpace(strconv.Itoa(answer.Code) + " " + enhancedCode.FindString(answer.Msg))
	case isAnswer:
		text = strconv.Itoa(answer.Code) + " " + answer.Msg
	case errors.As(f.err, &garbage):
		text = "the server's answer is not SMTP"
	}
	if ctx.Err() != nil || !isAnswer || answer.Code < 500 {
		e.causes = append(e.causes, domain.Unavailable)
	}
	e.text = "smtp: " + f.step + ": " + m.withoutSecrets(mail, text)
	return e
}

// enhancedCode is the status at the beginning of an answer (RFC 3463 §2).
var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}`)

const maxAnswer = 300 // bytes of an answer that an error repeats

func (m *Mailer) withoutSecrets(mail domain.Mail, text string) string {
	for _, secret := range append([]string{mail.Link, mail.Ticket}, m.secrets...) {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	text = clean(strings.ReplaceAll(text, "\n", " "))
	if len(text) > maxAnswer {
		text = strings.ToValidUTF8(text[:maxAnswer], "") + "…"
	}
	return text
}

// credentials lists the forms in which AUTH sends a password.
func credentials(user, password string) []string {
	encode := base64.StdEncoding.EncodeToString
	if password == "" {
		return nil
	}
	return []string{password, encode([]byte(password)), encode([]byte("\x00" + user + "\x00" + password))}
}
