package domain

import "time"

// Template names the text of a message. The names are also those of the folders of custom templates.
type Template string

// The templates.
const (
	TemplateEmailVerify        Template = "email-verify"
	TemplateEmailConfirmChange Template = "email-confirm-change"
	TemplatePasswordReset      Template = "password-reset"
	TemplateSignInOTP          Template = "signin-otp"
	TemplateSignInPasswordless Template = "signin-passwordless"
	TemplateSignInSMS          Template = "signin-passwordless-sms"
	TemplateWebhook            Template = "webhook" // an event for a program
)

// Message is what somebody shall be told, before it is put into words. Link and Ticket are secrets.
type Message struct {
	ID          string // a UUID; the same in every attempt to send it
	Template    Template
	Locale      string
	To          string // an e-mail address; for TemplateSignInSMS a phone number in E.164, for TemplateWebhook the name of a receiver
	DisplayName string
	Email       string // the account's address
	NewEmail    string // TemplateEmailConfirmChange: the address it shall become
	Link        string // "" where the message has none
	Ticket      string // the ticket in the link, or the code to type
	RedirectTo  string
	Event       *Event // TemplateWebhook: what is to be told
}

// Mail is a message in words.
type Mail struct {
	Message
	Subject string
	HTML    string
	Text    string
}

// Silence is the template of messages to nobody: they are queued as others are, so that a request about an unknown address
// costs the same, and dropped when their turn comes.
const Silence Template = ""

// QueuedMessage is a message that waits in the outbox.
type QueuedMessage struct {
	Message
	CreatedAt     time.Time
	Attempts      int       // begun so far
	NextAttemptAt time.Time // the earliest moment of the next one
	LastError     string    // of the last attempt, without secrets
	Parked        bool      // given up; only an operator brings it back
}

// OutboxDepth says how much the outbox holds. Messages to nobody don't count.
type OutboxDepth struct {
	Due     int           // could be sent now
	Waiting int           // for their next attempt
	Parked  int           // given up
	Oldest  time.Duration // since the oldest that is not parked was written; 0 when there is none
}

// ParkedFor is how long a message that was given up can be brought back.
const ParkedFor = 30 * 24 * time.Hour

// Delivery rules: the pause doubles from retryFirst to retryMost, and after retryFor the message is parked.
const (
	retryFirst = 15 * time.Second
	retryMost  = time.Hour
	retryFor   = 24 * time.Hour
)

// IsSMS tells whether the message is a code by SMS.
func (m Message) IsSMS() bool { return m.Template == TemplateSignInSMS }

// IsWebhook tells whether the message is an event for a program.
func (m Message) IsWebhook() bool { return m.Template == TemplateWebhook }

// Over tells whether an attempt at an SMS would be one too many: its code is about to expire, or a gateway that seems to fail has
// been asked often enough. Nobody shall pay for ten copies of a message.
func (q QueuedMessage) Over(now time.Time) bool {
	return q.IsSMS() && (q.Attempts > SMSAttempts || now.Sub(q.CreatedAt) >= SMSOTPLifetime)
}

// Retry says when a message whose attempt just failed is tried again, and whether it is given up instead.
func (q QueuedMessage) Retry(now time.Time) (next time.Time, park bool) {
	pause := retryMost
	if q.Attempts < 10 {
		pause = min(retryFirst<<max(q.Attempts-1, 0), retryMost)
	}
	return now.Add(pause), now.Sub(q.CreatedAt) >= retryFor
}
