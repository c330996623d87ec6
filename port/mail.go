package port

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// Mailer hands mails to whoever delivers them.
type Mailer interface {
	// Send returns nil once the other side has taken responsibility for the mail. After an error the mail may be sent again,
	// with the same ID. The error holds no secret of the mail.
	Send(ctx context.Context, mail domain.Mail) error
}

// Templates puts messages into words.
type Templates interface {
	// Render returns the mail in the message's locale, or in the default locale, or in English. Every value is escaped for
	// where it stands.
	Render(message domain.Message) (domain.Mail, error)
}

// BreachedPasswords knows passwords that others have lost.
type BreachedPasswords interface {
	// Contains tells whether the password is known. An error means that nobody could be asked.
	Contains(ctx context.Context, password string) (bool, error)
}
