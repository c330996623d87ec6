package bunstore

import (
	"context"
	"strconv"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// tickets implements port.Tickets.
type tickets struct{ conn conn }

type ticketRow struct {
	Hash          string    `bun:"ticket_hash"`
	Purpose       string    `bun:"purpose"`
	UserID        string    `bun:"user_id"`
	Email         string    `bun:"email"`
	CodeChallenge string    `bun:"code_challenge"`
	CreatedAt     timestamp `bun:"created_at"`
	ExpiresAt     timestamp `bun:"expires_at"`
	SessionID     string    `bun:"session_id"`
}

const ticketColumns = `ticket_hash, purpose, coalesce(CAST(user_id AS text), '') AS user_id, coalesce(CAST(email AS text), '') AS email,
	coalesce(code_challenge, '') AS code_challenge, created_at, expires_at, coalesce(CAST(session_id AS text), '') AS session_id`

func (r ticketRow) record() domain.TicketRecord {
	return domain.TicketRecord{
		Hash: domain.TicketHash(r.Hash), Purpose: domain.TicketPurpose(r.Purpose), UserID: domain.UserID(r.UserID), Email: domain.Email(r.Email),
		CodeChallenge: r.CodeChallenge, CreatedAt: time.Time(r.CreatedAt), ExpiresAt: time.Time(r.ExpiresAt), SessionID: domain.SessionID(r.SessionID),
	}
}

const insertTicket = `INSERT INTO auth.hexauth_tickets (ticket_hash, purpose, user_id, email, code_challenge, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (t tickets) insert(r domain.TicketRecord) step {
	return step{insertTicket, []any{
		string(r.Hash), string(r.Purpose), nullable(r.UserID), nullable(r.Email), nullable(r.CodeChallenge), t.conn.time(r.CreatedAt), t.conn.time(r.ExpiresAt),
	}}
}

// Issue implements port.Tickets.
func (t tickets) Issue(ctx context.Context, ticket domain.TicketRecord, message domain.Message) error {
	ctx, cancel := t.conn.bounded(ctx)
	defer cancel()
	queued, err := outbox(t).insert(message, ticket.CreatedAt)
	if err != nil {
		return err
	}
	return t.conn.err(ctx, t.conn.together(ctx, t.insert(ticket), queued))
}

const (
	challengeColumns = `INSERT INTO auth.hexauth_tickets (ticket_hash, purpose, user_id, created_at, expires_at, session_id) `
	// challengeRule waits, on PostgreSQL, for a change of the user that is under way and looks at the result.
	challengeRule = ` FROM auth.users WHERE id = $3 AND NOT disabled AND ($7 = '' OR password_hash = $7)`
	challenge     = challengeColumns + `SELECT $1, $2, id, $4::timestamptz, $5::timestamptz, $6::uuid` + challengeRule + ` FOR SHARE`
	// challengeSQLite is challenge where values have the type of their column.
	challengeSQLite = challengeColumns + `SELECT $1, $2, id, $4, $5, $6` + challengeRule
)

// Challenge implements port.Tickets.
func (t tickets) Challenge(ctx context.Context, ticket domain.TicketRecord, passwordHash string) error {
	query := challenge
	if t.conn.store.dialect.sqlite {
		query = challengeSQLite
	}
	return users(t).change(ctx, query, string(ticket.Hash), string(ticket.Purpose), string(ticket.UserID), t.conn.time(ticket.CreatedAt),
		t.conn.time(ticket.ExpiresAt), string(ticket.SessionID), passwordHash)
}

var countTicketAttempt = `UPDATE auth.hexauth_tickets SET attempts = attempts + 1 WHERE ticket_hash = $1 AND purpose = '` +
	string(domain.TicketMFATOTP) + `' AND expires_at > $2 AND attempts < ` + strconv.Itoa(domain.MFATicketAttempts) + ` RETURNING ` + ticketColumns

// Attempt implements port.Tickets.
func (t tickets) Attempt(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error) {
	return t.one(ctx, t.conn.write(), countTicketAttempt, string(hash), t.conn.time(now))
}

// Find implements port.Tickets.
func (t tickets) Find(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error) {
	return t.one(ctx, t.conn.read(), `SELECT `+ticketColumns+` FROM auth.hexauth_tickets
		WHERE ticket_hash = $1 AND used_at IS NULL AND expires_at > $2 AND user_id IS NOT NULL`, string(hash), t.conn.time(now))
}

// Redeem implements port.Tickets. The row stays locked until the transaction ends, so that uses follow one another.
func (t tickets) Redeem(ctx context.Context, hash domain.TicketHash, session domain.SessionID, now, reopenSince time.Time) (domain.TicketRecord, error) {
	lock := " FOR UPDATE"
	if t.conn.store.dialect.sqlite {
		lock = ""
	}
	found, err := t.one(ctx, t.conn.write(), `SELECT `+ticketColumns+` FROM auth.hexauth_tickets WHERE ticket_hash = $1 AND user_id IS NOT NULL
		AND (used_at IS NULL AND expires_at > $2 OR used_at > $3)`+lock, string(hash), t.conn.time(now), t.conn.time(reopenSince))
	if err != nil {
		return domain.TicketRecord{}, err
	}
	_, err = t.conn.exec(ctx, t.conn.write(), `UPDATE auth.hexauth_tickets SET used_at = coalesce(used_at, $2), session_id = $3 WHERE ticket_hash = $1`,
		string(hash), t.conn.time(now), string(session))
	return found, t.conn.err(ctx, err)
}

// Consume implements port.Tickets.
func (t tickets) Consume(ctx context.Context, hash domain.TicketHash, now time.Time) (domain.TicketRecord, error) {
	return t.one(ctx, t.conn.write(), `DELETE FROM auth.hexauth_tickets
		WHERE ticket_hash = $1 AND used_at IS NULL AND expires_at > $2 AND user_id IS NOT NULL RETURNING `+ticketColumns, string(hash), t.conn.time(now))
}

type legacyTicketRow struct {
	UserID    string    `bun:"id"`
	NewEmail  string    `bun:"new_email"`
	ExpiresAt timestamp `bun:"ticket_expires_at"`
}

// Adopt implements port.Tickets.
func (t tickets) Adopt(ctx context.Context, ticket domain.Ticket, now time.Time) error {
	purpose, known := ticket.Purpose()
	if ticket.IsMFA() {
		purpose, known = domain.TicketMFATOTP, true
	}
	if !known {
		return port.ErrNotFound
	}
	var row legacyTicketRow
	err := t.conn.one(ctx, t.conn.write(), &row, `UPDATE auth.users SET ticket = NULL WHERE ticket = $1 AND ticket_expires_at > $2
		RETURNING id, coalesce(CAST(new_email AS text), '') AS new_email, ticket_expires_at`, string(ticket), t.conn.time(now))
	if err != nil {
		return t.conn.err(ctx, err)
	}
	record := domain.TicketRecord{
		Hash: ticket.Hash(), Purpose: purpose, UserID: domain.UserID(row.UserID), CreatedAt: now, ExpiresAt: time.Time(row.ExpiresAt),
	}
	if purpose == domain.TicketEmailConfirmChange {
		record.Email = domain.Email(row.NewEmail)
	}
	insert := t.insert(record)
	_, err = t.conn.exec(ctx, t.conn.write(), insert.query, insert.args...)
	return t.conn.err(ctx, err)
}

// DeleteExpired implements port.Tickets. A used ticket stays until it would have expired.
func (t tickets) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return t.conn.deleteExpired(ctx, "auth.hexauth_tickets", "ticket_hash", "expires_at", now.Add(-domain.LinkGrace), limit)
}

func (t tickets) one(ctx context.Context, l lane, query string, args ...any) (domain.TicketRecord, error) {
	ctx, cancel := t.conn.bounded(ctx)
	defer cancel()
	var row ticketRow
	if err := t.conn.one(ctx, l, &row, query, args...); err != nil {
		return domain.TicketRecord{}, t.conn.err(ctx, err)
	}
	return row.record(), nil
}
