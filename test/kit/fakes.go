package kit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Clock is a port.Clock that stands still until a test turns it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock at a fixed moment.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// Now implements port.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance turns the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Random is a port.Random that never repeats itself, not even that of another kit on the same database. It counts.
type Random struct {
	seed  string
	drawn atomic.Int64
}

// Drawn says how often something was drawn.
func (r *Random) Drawn() int { return int(r.drawn.Load()) }

// UUID implements port.Random.
func (r *Random) UUID() string {
	b := r.Nonce()
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// Nonce implements port.Random.
func (r *Random) Nonce() [16]byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", r.seed, r.drawn.Add(1)))
	return [16]byte(sum[:16])
}

// Passwords is a port.Passwords whose hashes cost nothing. It counts the work that a real one would have done.
type Passwords struct {
	work   atomic.Int64
	Prefix string // of new hashes; hashes with another one are right but old
}

// Work says how many passwords were hashed, verifications included.
func (p *Passwords) Work() int { return int(p.work.Load()) }

// Hash implements port.Passwords.
func (p *Passwords) Hash(_ context.Context, password string) (string, error) {
	p.work.Add(1)
	return p.Prefix + "$" + digest(password), nil
}

// Verify implements port.Passwords.
func (p *Passwords) Verify(_ context.Context, hash, password string) (ok, rehash bool, err error) {
	p.work.Add(1)
	prefix, sum, found := strings.Cut(hash, "$")
	ok = found && sum == digest(password)
	return ok, ok && prefix != p.Prefix, nil
}

func digest(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// Witness is a port.Witness that tests read. It keeps at once what a server keeps a moment later.
type Witness struct {
	store  port.Events
	mu     sync.Mutex
	events []domain.Event
}

// Committed implements port.Witness.
func (w *Witness) Committed(_ context.Context, events ...domain.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, events...)
}

// Happened implements port.Witness.
func (w *Witness) Happened(ctx context.Context, event domain.Event, noted port.Noted) {
	if err := w.store.Gather(context.WithoutCancel(ctx), noted); err != nil {
		return
	}
	w.Committed(ctx, event)
}

// Events returns what happened so far.
func (w *Witness) Events() []domain.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]domain.Event(nil), w.events...)
}

// Journal is a port.Journal that tests read.
type Journal struct {
	mu      sync.Mutex
	entries []string
}

// RefreshTokenReused implements port.Journal.
func (j *Journal) RefreshTokenReused(user, session string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, "refresh token reused: user "+user+" session "+session)
}

// SecurityKeyCopied implements port.Journal.
func (j *Journal) SecurityKeyCopied(user, key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, "security key copied: user "+user+" key "+key)
}

// Entries returns what was taken down.
func (j *Journal) Entries() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.entries...)
}

// MessageNotSent implements port.Journal.
func (j *Journal) MessageNotSent(_, template string, attempts int, parked bool, cause error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, fmt.Sprintf("%s not sent, attempt %d, parked %t: %s", template, attempts, parked, cause))
}

// Meter is a port.RequestMeter and a port.RefreshMeter that tests read.
type Meter struct {
	mu        sync.Mutex
	underWay  int
	answered  []port.AnsweredRequest
	refreshes []domain.RefreshOutcome
}

// RequestBegan implements port.RequestMeter.
func (m *Meter) RequestBegan() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.underWay++
}

// RequestEnded implements port.RequestMeter.
func (m *Meter) RequestEnded(r port.AnsweredRequest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.underWay--
	m.answered = append(m.answered, r)
}

// Refreshed implements port.RefreshMeter.
func (m *Meter) Refreshed(outcome domain.RefreshOutcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refreshes = append(m.refreshes, outcome)
}

// Requests returns how many requests are under way, and those that were answered.
func (m *Meter) Requests() (underWay int, answered []port.AnsweredRequest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.underWay, append([]port.AnsweredRequest(nil), m.answered...)
}

// Refreshes returns what became of refresh tokens since the last call.
func (m *Meter) Refreshes() []domain.RefreshOutcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.refreshes = nil }()
	return m.refreshes
}

// Mailbox is a port.Mailer that keeps what it is given, and a port.Templates that needs no words.
type Mailbox struct {
	mu    sync.Mutex
	mails []domain.Mail
	Fail  error // returned instead of keeping the mail
}

// Render implements port.Templates.
func (m *Mailbox) Render(message domain.Message) (domain.Mail, error) {
	return domain.Mail{Message: message, Subject: string(message.Template), Text: message.Link + message.Ticket}, nil
}

// Send implements port.Mailer.
func (m *Mailbox) Send(_ context.Context, mail domain.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Fail != nil {
		return m.Fail
	}
	m.mails = append(m.mails, mail)
	return nil
}

// Mails returns what was sent, oldest first.
func (m *Mailbox) Mails() []domain.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]domain.Mail(nil), m.mails...)
}

// SMSRefused implements port.Journal.
func (j *Journal) SMSRefused(cause error) { j.add("SMS refused: " + cause.Error()) }

// SMSOfTest implements port.Journal.
func (j *Journal) SMSOfTest(number, code string) { j.add("SMS of test: " + number + " " + code) }

// SMSAmbiguous implements port.Journal.
func (j *Journal) SMSAmbiguous(users []string) { j.add("SMS ambiguous: " + strings.Join(users, " ")) }

func (j *Journal) add(entry string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
}

// Phones is a port.SMSSender, and a port.SMSVerifier that makes and checks codes of its own.
type Phones struct {
	mu       sync.Mutex
	received []domain.Mail
	codes    map[string]string
	checks   int
	Fail     error // returned instead of sending or checking anything
}

// SendSMS implements port.SMSSender.
func (p *Phones) SendSMS(_ context.Context, sms domain.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Fail != nil {
		return p.Fail
	}
	p.received = append(p.received, sms)
	return nil
}

// StartVerification implements port.SMSVerifier. A code tells how many messages there have been.
func (p *Phones) StartVerification(_ context.Context, to, locale string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Fail != nil {
		return p.Fail
	}
	if p.codes == nil {
		p.codes = map[string]string{}
	}
	p.codes[to] = fmt.Sprintf("4242%d", len(p.received))
	p.received = append(p.received, domain.Mail{Message: domain.Message{To: to, Locale: locale, Ticket: p.codes[to]}})
	return nil
}

// CheckVerification implements port.SMSVerifier. A code is approved once.
func (p *Phones) CheckVerification(_ context.Context, to, code string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checks++
	if p.Fail != nil {
		return false, p.Fail
	}
	if p.codes[to] != code || code == "" {
		return false, nil
	}
	delete(p.codes, to)
	return true, nil
}

// Checks says how many codes were to be checked.
func (p *Phones) Checks() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.checks
}

// Received returns what has arrived, oldest first.
func (p *Phones) Received() []domain.Mail {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]domain.Mail(nil), p.received...)
}

// Breached is a port.BreachedPasswords that knows one password.
type Breached struct {
	Known string
	Fail  error
}

// Contains implements port.BreachedPasswords.
func (b *Breached) Contains(_ context.Context, password string) (bool, error) {
	return b.Known != "" && password == b.Known, b.Fail
}

// Cipher is a bunstore.Cipher that a test can look through.
type Cipher struct{}

// seal makes what is encrypted longer than what is not, as real ciphers do.
var seal = strings.Repeat("=", 64)

// Encrypt turns the text around and adds a seal.
func (Cipher) Encrypt(plain string) (string, error) { return reverse(plain) + seal, nil }

// Decrypt turns it back.
func (Cipher) Decrypt(text string) (string, error) {
	text, sealed := strings.CutSuffix(text, seal)
	if !sealed {
		return "", errors.New("this was not encrypted")
	}
	return reverse(text), nil
}

func reverse(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}
