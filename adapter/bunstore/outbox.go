package bunstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// outbox implements port.Outbox.
type outbox struct{ conn conn }

// Cipher keeps the secrets of queued messages unreadable in the database.
type Cipher interface {
	Encrypt(plain string) (string, error)
	Decrypt(text string) (string, error)
}

// payload is what of a message is encrypted.
type payload struct {
	DisplayName string `json:"displayName,omitempty"`
	Email       string `json:"email,omitempty"`
	NewEmail    string `json:"newEmail,omitempty"`
	Link        string `json:"link,omitempty"`
	Ticket      string `json:"ticket,omitempty"`
	RedirectTo  string `json:"redirectTo,omitempty"`

	Event *domain.Event `json:"event,omitempty"`
}

type outboxRow struct {
	ID            string    `bun:"id"`
	Template      string    `bun:"template"`
	Locale        string    `bun:"locale"`
	Recipient     string    `bun:"recipient"`
	Payload       string    `bun:"payload"`
	CreatedAt     timestamp `bun:"created_at"`
	NextAttemptAt timestamp `bun:"next_attempt_at"`
	Attempts      int       `bun:"attempts"`
	LastError     string    `bun:"last_error"`
	Parked        bool      `bun:"parked"`
}

const outboxColumns = `id, template, locale, recipient, payload, created_at, next_attempt_at, attempts, coalesce(last_error, '') AS last_error,
	parked_at IS NOT NULL AS parked`

var errNoCipher = errors.New("the store was opened without the key for messages")

// insert is the step that queues a message.
func (o outbox) insert(m domain.Message, now time.Time) (step, error) {
	text, err := json.Marshal(payload{m.DisplayName, m.Email, m.NewEmail, m.Link, m.Ticket, m.RedirectTo, m.Event})
	if err != nil {
		return step{}, err
	}
	if o.conn.store.cipher == nil {
		return step{}, errNoCipher
	}
	encrypted, err := o.conn.store.cipher.Encrypt(string(text))
	return step{`INSERT INTO auth.hexauth_outbox (id, template, locale, recipient, payload, created_at, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		[]any{m.ID, string(m.Template), m.Locale, m.To, encrypted, o.conn.time(now)}}, err
}

func (r outboxRow) queued() domain.QueuedMessage {
	return domain.QueuedMessage{
		Message:   domain.Message{ID: r.ID, Template: domain.Template(r.Template), Locale: r.Locale, To: r.Recipient},
		CreatedAt: time.Time(r.CreatedAt), Attempts: r.Attempts, NextAttemptAt: time.Time(r.NextAttemptAt), LastError: r.LastError, Parked: r.Parked,
	}
}

// open adds what was encrypted.
func (o outbox) open(row outboxRow) (domain.QueuedMessage, error) {
	queued := row.queued()
	if o.conn.store.cipher == nil {
		return queued, errNoCipher
	}
	text, err := o.conn.store.cipher.Decrypt(row.Payload)
	if err != nil {
		return queued, fmt.Errorf("message %s can't be decrypted: %w", row.ID, err)
	}
	var p payload
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return queued, fmt.Errorf("message %s can't be read", row.ID)
	}
	queued.DisplayName, queued.Email, queued.NewEmail = p.DisplayName, p.Email, p.NewEmail
	queued.Link, queued.Ticket, queued.RedirectTo, queued.Event = p.Link, p.Ticket, p.RedirectTo, p.Event
	return queued, nil
}

// Silence implements port.Outbox.
func (o outbox) Silence(ctx context.Context, limit int) (int, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	lock := " FOR UPDATE SKIP LOCKED"
	if o.conn.store.dialect.sqlite {
		lock = ""
	}
	removed, err := o.conn.exec(ctx, o.conn.write(), `WITH silent AS MATERIALIZED (
		SELECT id FROM auth.hexauth_outbox WHERE template = '' LIMIT $1`+lock+`)
		DELETE FROM auth.hexauth_outbox WHERE id IN (SELECT id FROM silent)`, limit)
	return int(removed), o.conn.err(ctx, err)
}

// DeleteExpired implements port.Outbox.
func (o outbox) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return o.conn.deleteExpired(ctx, "auth.hexauth_outbox", "id", "parked_at", now, limit)
}

// Claim implements port.Outbox. A message that can't be decrypted is parked: another key does not come back by itself. The
// messages are chosen in an expression of their own: PostgreSQL may run a plain subquery once for each row, and a limit that is
// applied again and again is none.
//
// Events for programs are none of these: see webhookOutbox.
func (o outbox) Claim(ctx context.Context, now, until time.Time, limit int) ([]domain.QueuedMessage, error) {
	return o.claim(ctx, `template NOT IN ('', 'webhook')`, now, until, limit)
}

// webhookOutbox is the outbox to those who tell one program of events: what waits for a receiver that is slow must hold up neither mails
// nor other receivers.
type webhookOutbox struct {
	outbox
	which string // of the receivers, as a condition whose first argument is $4
	names []any
}

// eventsFor are those for one receiver.
func (o outbox) eventsFor(receiver string) webhookOutbox {
	return webhookOutbox{o, `recipient = $4`, []any{receiver}}
}

// eventsForOthers are those for receivers that are none of known.
func (o outbox) eventsForOthers(known []string) webhookOutbox {
	others := webhookOutbox{o, `true`, nil}
	for i, name := range known {
		others.which += ` AND recipient <> $` + strconv.Itoa(i+4)
		others.names = append(others.names, name)
	}
	return others
}

// Silence implements port.Outbox: events are never for nobody.
func (webhookOutbox) Silence(context.Context, int) (int, error) { return 0, nil }

// Claim implements port.Outbox.
func (o webhookOutbox) Claim(ctx context.Context, now, until time.Time, limit int) ([]domain.QueuedMessage, error) {
	return o.claim(ctx, `template = 'webhook' AND `+o.which, now, until, limit, o.names...)
}

// claim claims messages of which holds; its arguments begin with $4.
func (o outbox) claim(ctx context.Context, which string, now, until time.Time, limit int, arguments ...any) ([]domain.QueuedMessage, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	lock := " FOR UPDATE SKIP LOCKED"
	if o.conn.store.dialect.sqlite {
		lock = ""
	}
	var rows []outboxRow
	err := o.conn.one(ctx, o.conn.write(), &rows, `WITH due AS MATERIALIZED (
		SELECT id FROM auth.hexauth_outbox WHERE `+which+` AND parked_at IS NULL AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $3`+lock+`)
		UPDATE auth.hexauth_outbox SET attempts = attempts + 1, next_attempt_at = $2 WHERE id IN (SELECT id FROM due)
		RETURNING `+outboxColumns, append([]any{o.conn.time(now), o.conn.time(until), limit}, arguments...)...)
	if err != nil {
		return nil, o.conn.err(ctx, err)
	}
	slices.SortFunc(rows, func(a, b outboxRow) int { return time.Time(a.CreatedAt).Compare(time.Time(b.CreatedAt)) })
	messages := make([]domain.QueuedMessage, 0, len(rows))
	for _, row := range rows {
		message, err := o.open(row)
		if err != nil {
			if err := o.Failed(ctx, row.ID, err.Error(), until, true, now); err != nil {
				return nil, err
			}
			continue
		}
		messages = append(messages, message)
	}
	return messages, nil
}

// Delivered implements port.Outbox.
func (o outbox) Delivered(ctx context.Context, id string) error {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	_, err := o.conn.exec(ctx, o.conn.write(), `DELETE FROM auth.hexauth_outbox WHERE id = $1`, id)
	return o.conn.err(ctx, err)
}

// Failed implements port.Outbox.
func (o outbox) Failed(ctx context.Context, id, reason string, next time.Time, park bool, now time.Time) error {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	var parkedAt any
	if park {
		parkedAt = o.conn.time(now)
	}
	_, err := o.conn.exec(ctx, o.conn.write(), `UPDATE auth.hexauth_outbox SET last_error = $2, next_attempt_at = $3, parked_at = $4 WHERE id = $1`,
		id, reason, o.conn.time(next), parkedAt)
	return o.conn.err(ctx, err)
}

// Depth implements port.Outbox.
func (o outbox) Depth(ctx context.Context, now time.Time) (domain.OutboxDepth, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	var depth domain.OutboxDepth
	var oldest timestamp
	err := o.conn.scan(ctx, o.conn.read(), []any{&depth.Due, &depth.Waiting, &depth.Parked, &oldest}, `SELECT
		count(*) FILTER (WHERE parked_at IS NULL AND next_attempt_at <= $1), count(*) FILTER (WHERE parked_at IS NULL AND next_attempt_at > $1),
		count(*) FILTER (WHERE parked_at IS NOT NULL), coalesce(min(created_at) FILTER (WHERE parked_at IS NULL), $1)
		FROM auth.hexauth_outbox WHERE template <> ''`, o.conn.time(now))
	depth.Oldest = max(0, now.Sub(time.Time(oldest)))
	return depth, o.conn.err(ctx, err)
}

// List implements port.Outbox.
func (o outbox) List(ctx context.Context, limit int) ([]domain.QueuedMessage, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	var rows []outboxRow
	err := o.conn.one(ctx, o.conn.read(), &rows, `SELECT `+outboxColumns+` FROM auth.hexauth_outbox WHERE template <> '' ORDER BY created_at DESC LIMIT $1`, limit)
	if err != nil {
		return nil, o.conn.err(ctx, err)
	}
	messages := make([]domain.QueuedMessage, len(rows))
	for i, row := range rows {
		messages[i] = row.queued()
	}
	return messages, nil
}

// Retry implements port.Outbox.
func (o outbox) Retry(ctx context.Context, id string, now time.Time) (int, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	condition, args := "parked_at IS NOT NULL", []any{o.conn.time(now)}
	if id != "" {
		condition, args = "id = $2 AND last_error IS NOT NULL", append(args, id)
	}
	n, err := o.conn.exec(ctx, o.conn.write(), `UPDATE auth.hexauth_outbox SET next_attempt_at = $1,
		created_at = CASE WHEN parked_at IS NULL THEN created_at ELSE $1 END, parked_at = NULL WHERE `+condition, args...)
	return int(n), o.conn.err(ctx, err)
}
