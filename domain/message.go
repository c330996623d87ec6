package domain

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
)

// Message is what somebody shall be told, before it is put into words. Link and Ticket are secrets.
type Message struct {
	ID          string // a UUID; the same in every attempt to send it
	Template    Template
	Locale      string
	To          string // an e-mail address or, for TemplateSignInSMS, a phone number in E.164
	DisplayName string
	Email       string // the account's address
	NewEmail    string // TemplateEmailConfirmChange: the address it shall become
	Link        string // "" where the message has none
	Ticket      string // the ticket in the link, or the code to type
	RedirectTo  string
}

// Mail is a message in words.
type Mail struct {
	Message
	Subject string
	HTML    string
	Text    string
}
