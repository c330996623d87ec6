package mailbox

import (
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Kind tells mails and SMS apart.
type Kind string

// The kinds.
const (
	KindEmail Kind = "email"
	KindSMS   Kind = "sms"
)

// Message is a mail or an SMS as developers and their tests see it. Fields that do not apply are "".
type Message struct {
	ID         string            `json:"id"` // a UUID
	Kind       Kind              `json:"kind"`
	To         string            `json:"to"` // an e-mail address, or a phone number in E.164
	Template   domain.Template   `json:"template"`
	Locale     string            `json:"locale"`
	Subject    string            `json:"subject"`
	Link       string            `json:"link"`
	Ticket     string            `json:"ticket"` // the ticket in the link, or the code to type
	RedirectTo string            `json:"redirectTo"`
	Text       string            `json:"text"`
	HTML       string            `json:"html"`
	Headers    map[string]string `json:"headers"`    // those a mail server would get, X-Email-Template and its kin; an SMS has none
	ReceivedAt time.Time         `json:"receivedAt"` // UTC
}

// newMessage is a mail as it came in at a time in UTC.
func newMessage(mail domain.Mail, at time.Time) Message {
	message := Message{
		ID: mail.ID, Kind: KindEmail, To: mail.To, Template: mail.Template, Locale: mail.Locale, Subject: mail.Subject, Link: mail.Link,
		Ticket: mail.Ticket, RedirectTo: mail.RedirectTo, Text: mail.Text, HTML: mail.HTML, Headers: map[string]string{}, ReceivedAt: at,
	}
	if mail.Template == domain.TemplateSignInSMS {
		message.Kind = KindSMS
		return message
	}
	breaks := strings.NewReplacer("\r", "", "\n", "") // they would begin another header
	for name, value := range map[string]string{
		"To": mail.To, "Subject": mail.Subject, "Date": at.Format(time.RFC1123Z), "X-Email-Template": string(mail.Template),
		"X-Link": mail.Link, "X-Ticket": mail.Ticket, "X-Redirect-To": mail.RedirectTo,
	} {
		message.Headers[name] = breaks.Replace(value)
	}
	return message
}
