package bunstore

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// administration implements port.Administration.
type administration struct{ conn conn }

// accountRow is an account as accountColumns selects it.
type accountRow struct {
	userRow
	UpdatedAt timestamp
	LastSeen  timestamp
	NewEmail  string
	Codes     int
}

func accountColumns(sqlite bool) string {
	return userColumns(sqlite) + `, u.updated_at, u.last_seen, coalesce(u.new_email, '') AS new_email,
		(SELECT count(*) FROM auth.hexauth_recovery_codes c WHERE c.user_id = u.id) AS codes`
}

func (r *accountRow) fields() []any {
	return append(r.userRow.fields(), &r.UpdatedAt, &r.LastSeen, &r.NewEmail, &r.Codes)
}

func (r *accountRow) account() domain.Account {
	return domain.Account{
		User: r.user(), UpdatedAt: time.Time(r.UpdatedAt), LastSeenAt: time.Time(r.LastSeen), NewEmail: domain.Email(r.NewEmail),
		RecoveryCodesLeft: r.Codes,
	}
}

// Account implements port.Administration.
func (a administration) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	ctx, cancel := a.conn.bounded(ctx)
	defer cancel()
	var row accountRow
	err := a.conn.scan(ctx, a.conn.read(), row.fields(),
		`SELECT `+accountColumns(a.conn.store.dialect.sqlite)+` FROM auth.users u WHERE u.id = $1`, string(id))
	if err != nil {
		return domain.Account{}, a.conn.err(ctx, err)
	}
	return row.account(), nil
}

// Change implements port.Administration. The user's row is locked first, so changes of roles follow one another.
func (a administration) Change(ctx context.Context, id domain.UserID, change domain.UserChange) error {
	err := users(a).change(ctx, `UPDATE auth.users SET disabled = coalesce($2, disabled), email = coalesce($3, email),
		email_verified = coalesce($4, email_verified), display_name = coalesce($5, display_name), locale = coalesce($6, locale),
		metadata = coalesce($7, metadata), default_role = coalesce($8, default_role) WHERE id = $1`,
		string(id), given(change.Disabled), givenText(change.Email), given(change.EmailVerified), given(change.DisplayName), given(change.Locale),
		givenMetadata(change.Metadata), givenText(change.DefaultRole))
	if err != nil || change.Roles == nil {
		return err
	}
	ctx, cancel := a.conn.bounded(ctx)
	defer cancel()
	if _, err := a.conn.exec(ctx, a.conn.write(), `DELETE FROM auth.user_roles WHERE user_id = $1`, string(id)); err != nil {
		return a.conn.err(ctx, err)
	}
	for _, role := range change.Roles {
		if _, err := a.conn.exec(ctx, a.conn.write(), `INSERT INTO auth.user_roles (user_id, role) VALUES ($1, $2)`, string(id), string(role)); err != nil {
			return a.conn.err(ctx, err)
		}
	}
	return nil
}

// given writes what is not stated as NULL.
func given[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

func givenText[T ~string](value *T) any {
	if value == nil {
		return nil
	}
	return string(*value)
}

func givenMetadata(value *domain.Metadata) any {
	if value == nil {
		return nil
	}
	return metadataText(*value)
}

// waiting are the messages to a user, by any of the user's addresses.
const waiting = `lower(recipient) IN (SELECT lower(CAST(email AS text)) FROM auth.users WHERE id = $1
	UNION ALL SELECT lower(CAST(new_email AS text)) FROM auth.users WHERE id = $1
	UNION ALL SELECT phone_number FROM auth.users WHERE id = $1)`

// Delete implements port.Administration. What refers to the user goes with the user, by foreign keys; the steps before it take
// what refers to nobody, and lock in the order of every other transaction: tickets, codes, sessions, users.
func (a administration) Delete(ctx context.Context, id domain.UserID) error {
	ctx, cancel := a.conn.bounded(ctx)
	defer cancel()
	one := []any{string(id)}
	return a.conn.err(ctx, a.conn.atomic(ctx, func(ctx context.Context, c conn) error {
		for _, s := range append(voidPending(id),
			step{`DELETE FROM auth.refresh_tokens WHERE user_id = $1`, one},
			step{`DELETE FROM auth.hexauth_ceremonies WHERE user_id = $1`, one},
			step{`DELETE FROM auth.hexauth_outbox WHERE ` + waiting, one},
			step{`DELETE FROM auth.hexauth_events WHERE user_id = $1`, one},
		) {
			if _, err := c.exec(ctx, c.write(), s.query, s.args...); err != nil {
				return err
			}
		}
		touched, err := c.exec(ctx, c.write(), `DELETE FROM auth.users WHERE id = $1`, one...)
		if err == nil && touched == 0 {
			return port.ErrNotFound
		}
		return err
	}))
}

type grantRow struct {
	ClientID  string    `bun:"client_id"`
	CreatedAt timestamp `bun:"created_at"`
	ExpiresAt timestamp `bun:"expires_at"`
}

// Grants implements port.Administration.
func (a administration) Grants(ctx context.Context, id domain.UserID) ([]domain.OAuth2Grant, error) {
	return listed(ctx, a.conn, func(r grantRow) domain.OAuth2Grant {
		return domain.OAuth2Grant{ClientID: r.ClientID, CreatedAt: time.Time(r.CreatedAt), ExpiresAt: time.Time(r.ExpiresAt)}
	}, `SELECT client_id, created_at, expires_at FROM auth.oauth2_refresh_tokens WHERE user_id = $1 ORDER BY created_at, id`, string(id))
}

// Tickets implements port.Administration.
func (a administration) Tickets(ctx context.Context, id domain.UserID, now time.Time) ([]domain.TicketRecord, error) {
	return listed(ctx, a.conn, func(r ticketRow) domain.TicketRecord {
		ticket := r.record()
		ticket.Hash, ticket.CodeChallenge = "", ""
		return ticket
	}, `SELECT `+ticketColumns+` FROM auth.hexauth_tickets WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at, ticket_hash`,
		string(id), a.conn.time(now))
}

// Messages implements port.Administration.
func (a administration) Messages(ctx context.Context, id domain.UserID) ([]domain.QueuedMessage, error) {
	return listed(ctx, a.conn, outboxRow.queued,
		`SELECT `+outboxColumns+` FROM auth.hexauth_outbox WHERE template <> '' AND `+waiting+` ORDER BY created_at, id`, string(id))
}

// listed returns what a statement finds, each row turned into a value.
func listed[Row, Value any](ctx context.Context, c conn, value func(Row) Value, query string, args ...any) ([]Value, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	var rows []Row
	if err := c.one(ctx, c.read(), &rows, query, args...); err != nil {
		return nil, c.err(ctx, err)
	}
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return values, nil
}
