package mailbox

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// capacity is how many messages are kept; the oldest makes room for the next.
const capacity = 500

// Mailbox is a port.Mailer and a port.SMSSender that keeps what it is given. It is safe for concurrent use.
type Mailbox struct {
	clock port.Clock
	began time.Time // tells its revisions from those of a process before it

	mu       sync.Mutex
	kept     []Message // oldest first
	revision uint64    // counts the changes of kept
}

var (
	_ port.Mailer    = (*Mailbox)(nil)
	_ port.SMSSender = (*Mailbox)(nil)
)

// New returns an empty mailbox. The clock stamps what comes in.
func New(clock port.Clock) *Mailbox {
	return &Mailbox{clock: clock, began: clock.Now()}
}

// Send implements port.Mailer. A mail with domain.TemplateSignInSMS is an SMS. A mail whose ID is kept already is the same mail
// sent again and changes nothing. The only error is a mail without an ID.
func (m *Mailbox) Send(_ context.Context, mail domain.Mail) error {
	if mail.ID == "" {
		return errors.New("mailbox: a mail without an ID")
	}
	message := newMessage(mail, m.clock.Now().UTC())
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.kept, func(k Message) bool { return k.ID == mail.ID }) {
		return nil
	}
	if len(m.kept) == capacity {
		m.kept = slices.Delete(m.kept, 0, 1)
	}
	m.kept = append(m.kept, message)
	m.revision++
	return nil
}

// SendSMS implements port.SMSSender, as Send does port.Mailer.
func (m *Mailbox) SendSMS(ctx context.Context, sms domain.Mail) error { return m.Send(ctx, sms) }

// Messages returns what is kept, newest first. The caller owns the result.
func (m *Mailbox) Messages() []Message {
	messages, _ := m.snapshot("")
	return messages
}

// Empty forgets all messages.
func (m *Mailbox) Empty() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = nil
	m.revision++
}

// snapshot returns the messages to a recipient, or to all for "", and the revision they are of. Recipients are compared without
// regard to case.
func (m *Mailbox) snapshot(to string) (messages []Message, revision uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages = make([]Message, 0, len(m.kept)) // not nil: JSON shall have [] instead of null
	for _, message := range slices.Backward(m.kept) {
		if to == "" || strings.EqualFold(to, message.To) {
			message.Headers = maps.Clone(message.Headers)
			messages = append(messages, message)
		}
	}
	return messages, m.revision
}
