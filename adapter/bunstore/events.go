package bunstore

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// events implements port.Events.
type events struct{ conn conn }

func eventsColumns() []column {
	return []column{
		{"id", "uuid"}, {"happened_at", "timestamptz"}, {"kind", "text"}, {"actor", "text"}, {"user_id", "uuid"}, {"session_id", "uuid"},
		{"method", "text"}, {"target", "text"}, {"reason", "text"}, {"address", "text"}, {"user_agent", "text"}, {"request_id", "text"},
	}
}

const insertEvent = `INSERT INTO auth.hexauth_events (id, happened_at, kind, actor, user_id, session_id, method, target, reason, address, user_agent, request_id)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// arguments are an event's in the order of eventsColumns. A user agent can hold what is no text, which PostgreSQL does not take.
func (e events) arguments(event domain.Event) []any {
	return []any{
		event.ID, e.conn.time(event.At), string(event.Kind), string(event.Actor), nullable(event.UserID), nullable(event.SessionID),
		nullable(event.Method), nullable(event.Target), nullable(event.Reason), nullable(event.Device.Address),
		nullable(asText(event.Device.UserAgent)), nullable(event.RequestID),
	}
}

func asText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// steps are those that keep what was noted, beside the change that it is about.
func (e events) steps(noted port.Noted) ([]step, error) {
	steps := make([]step, 0, len(noted.Kept)+len(noted.Webhooks))
	for _, event := range noted.Kept {
		steps = append(steps, step{insertEvent, e.arguments(event)})
	}
	for _, message := range noted.Webhooks {
		queued, err := outbox(e).insert(message, message.Event.At)
		if err != nil {
			return nil, err
		}
		steps = append(steps, queued)
	}
	return steps, nil
}

// Add implements port.Events.
func (e events) Add(ctx context.Context, noted port.Noted) error {
	ctx, cancel := e.conn.bounded(ctx)
	defer cancel()
	steps, err := e.steps(noted)
	if err != nil || len(steps) == 0 {
		return err
	}
	return e.conn.err(ctx, e.conn.together(ctx, steps...))
}

// Gather implements port.Events: one statement on PostgreSQL, whose events are one array.
func (e events) Gather(ctx context.Context, noted port.Noted) error {
	ctx, cancel := e.conn.bounded(ctx)
	defer cancel()
	steps, err := e.steps(port.Noted{Webhooks: noted.Webhooks})
	if err != nil {
		return err
	}
	columns, rows := eventsColumns(), make([]map[string]any, len(noted.Kept))
	for i, event := range noted.Kept {
		rows[i] = make(map[string]any, len(columns))
		for j, value := range e.arguments(event) {
			rows[i][columns[j].name] = value
		}
	}
	if len(rows) > 0 {
		text, err := json.Marshal(rows)
		if err != nil {
			return err
		}
		steps = append([]step{{insertMany(e.conn.store.dialect.sqlite, gatheredEvents, columns), []any{string(text)}}}, steps...)
	}
	if len(steps) == 0 {
		return nil
	}
	return e.conn.err(ctx, e.conn.together(ctx, steps...))
}

// gatheredEvents is the table under a name that tells the statements of Gather from others, where somebody watches.
const gatheredEvents = "auth.hexauth_events AS gathered"

type eventRow struct {
	ID         string    `bun:"id"`
	HappenedAt timestamp `bun:"happened_at"`
	Kind       string    `bun:"kind"`
	Actor      string    `bun:"actor"`
	UserID     string    `bun:"user_id"`
	SessionID  string    `bun:"session_id"`
	Method     string    `bun:"method"`
	Target     string    `bun:"target"`
	Reason     string    `bun:"reason"`
	Address    string    `bun:"address"`
	UserAgent  string    `bun:"user_agent"`
	RequestID  string    `bun:"request_id"`
}

func (r eventRow) event() domain.Event {
	return domain.Event{
		ID: r.ID, Kind: domain.EventKind(r.Kind), At: time.Time(r.HappenedAt), Actor: domain.Actor(r.Actor), UserID: domain.UserID(r.UserID),
		SessionID: domain.SessionID(r.SessionID), Method: domain.SignInMethod(r.Method), Target: r.Target, Reason: domain.Code(r.Reason),
		Device: domain.Device{Address: r.Address, UserAgent: r.UserAgent}, RequestID: r.RequestID,
	}
}

// selectEvents has the conditions that a query states put in the place of %s: an index serves those that are there.
const selectEvents = `SELECT id, happened_at, kind, actor, coalesce(CAST(user_id AS text), '') AS user_id,
	coalesce(CAST(session_id AS text), '') AS session_id, coalesce(method, '') AS method, coalesce(target, '') AS target,
	coalesce(reason, '') AS reason, coalesce(address, '') AS address, coalesce(user_agent, '') AS user_agent,
	coalesce(request_id, '') AS request_id FROM auth.hexauth_events
	WHERE happened_at >= $1 AND ($2 = '' OR kind = $2 OR substr(kind, 1, length($2) + 1) = $2 || '.')`

// List implements port.Events.
func (e events) List(ctx context.Context, q domain.EventQuery) ([]domain.Event, error) {
	const order = ` ORDER BY happened_at DESC, id LIMIT $3`
	args := []any{e.conn.time(q.Since), string(q.Filter), q.Limit}
	if q.User == "" {
		return listed(ctx, e.conn, eventRow.event, selectEvents+order, args...)
	}
	return listed(ctx, e.conn, eventRow.event, selectEvents+` AND user_id = $4`+order, append(args, string(q.User))...)
}

// DeleteExpired implements port.Events.
func (e events) DeleteExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return e.conn.deleteExpired(ctx, "auth.hexauth_events", "id", "happened_at", before, limit)
}
