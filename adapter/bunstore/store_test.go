package bunstore_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/migrations"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/port/porttest"
	"github.com/hexauth/hexauth/test/pgtest"
)

// cipher is a bunstore.Cipher whose key can get lost.
type cipher struct{ lost atomic.Bool }

// nonceAndTag are what encryption adds, in hex.
var nonceAndTag = strings.Repeat("00", 12+16)

func (*cipher) Encrypt(plain string) (string, error) {
	return nonceAndTag + hex.EncodeToString([]byte(plain)), nil
}

func (c *cipher) Decrypt(text string) (string, error) {
	if c.lost.Load() {
		return "", errors.New("another key")
	}
	plain, err := hex.DecodeString(strings.TrimPrefix(text, nonceAndTag))
	return string(plain), err
}

func TestMain(m *testing.M) { pgtest.Main(m) }

// open returns a migrated store on url.
func open(t *testing.T, url string, o bunstore.Options) *bunstore.Store {
	t.Helper()
	if o.Cipher == nil {
		o.Cipher = &cipher{}
	}
	o.Timeout = cmp.Or(o.Timeout, time.Minute) // machines that run tests can be very busy
	store, err := bunstore.Open(t.Context(), url, o)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	db, dialect := store.Migrations()
	_, err = migrations.Up(t.Context(), db, dialect, nil)
	require.NoError(t, err)
	return store
}

// emptied hands out one store again and again, empty but for roles and the like: to create a database for each case would take most of the
// time.
func emptied(t *testing.T, url string, o bunstore.Options) func(t *testing.T) port.Store {
	store := open(t, url, o)
	empty := "TRUNCATE auth.users, auth.hexauth_signing_keys, auth.hexauth_outbox, auth.hexauth_ceremonies, auth.hexauth_sms_counts, auth.hexauth_events CASCADE"
	if _, dialect := store.Migrations(); dialect == migrations.SQLite {
		tables := column(t, store, "SELECT group_concat('DELETE FROM auth.' || name, ';') FROM auth.sqlite_schema WHERE type = 'table' AND name NOT IN ('roles', 'providers', 'refresh_token_types', 'hexauth_migrations')")
		require.Contains(t, tables, "DELETE FROM auth.users;")
		empty = "PRAGMA foreign_keys=OFF;" + tables + ";PRAGMA foreign_keys=ON"
	}
	return func(t *testing.T) port.Store {
		exec(t, store, empty)
		return store
	}
}

// migrated is the file of a SQLite database with all migrations and nothing else, of which tests get copies.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "hexauth-bunstore")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "hexauth.db")
	if err := migrate("sqlite://" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migrate(url string) error {
	store, err := bunstore.Open(context.Background(), url, bunstore.Options{Cipher: &cipher{}})
	if err != nil {
		return err
	}
	defer store.Close()
	db, dialect := store.Migrations()
	_, err = migrations.Up(context.Background(), db, dialect, nil)
	return err
}

// sqliteCopy returns the URL of a file of the test's own.
func sqliteCopy(t *testing.T) string {
	content, err := migrated()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "it's a test.db")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return "sqlite://" + path
}

func TestStore_KeepsThePromisesOfThePort(t *testing.T) {
	databases := map[string]func(t *testing.T) port.Store{
		"PostgreSQL":            emptied(t, pgtest.Copy(t, migrate), bunstore.Options{}),
		"PostgreSQL unprepared": emptied(t, pgtest.Copy(t, migrate), bunstore.Options{Unprepared: true}),
		"SQLite in a file":      func(t *testing.T) port.Store { return open(t, sqliteCopy(t), bunstore.Options{}) },
		"SQLite in memory":      emptied(t, "sqlite://:memory:", bunstore.Options{}),
	}
	for name, opener := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			porttest.Store(t, opener)
		})
	}
}

// onBoth runs test on an empty store on either database.
func onBoth(t *testing.T, o bunstore.Options, test func(t *testing.T, store *bunstore.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, open(t, sqliteCopy(t), o)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, open(t, pgtest.Copy(t, migrate), o)) })
}

var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func exec(t *testing.T, store *bunstore.Store, statement string) {
	t.Helper()
	db, _ := store.Migrations()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// text returns everything that a table holds.
func text(t *testing.T, store *bunstore.Store, table string) string {
	t.Helper()
	db, _ := store.Migrations()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var all strings.Builder
	for rows.Next() {
		values, into := make([]*string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		for i, value := range values {
			if value != nil {
				all.WriteString(columns[i] + "=" + *value + "\n")
			}
		}
	}
	require.NoError(t, rows.Err())
	return all.String()
}

// jane is an account that a hasura-auth server left, with a ticket that is good for an hour.
func jane(t *testing.T, store *bunstore.Store, ticket string) domain.UserID {
	t.Helper()
	id := domain.UserID(uuid.NewString())
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: domain.User{
		ID: id, CreatedAt: now, Locale: "en", Email: "jane@example.com", DefaultRole: "user", Roles: []domain.Role{"user"},
	}}))
	exec(t, store, "UPDATE auth.users SET ticket = '"+ticket+"', ticket_expires_at = '2026-05-04T04:02:01.000000Z', new_email = 'new@example.com'")
	return id
}

func adopt(store *bunstore.Store, ticket domain.Ticket, at time.Time) error {
	return store.Atomic(context.Background(), func(ctx context.Context, repos port.Repos) error { return repos.Tickets().Adopt(ctx, ticket, at) })
}

func TestTickets_OfAHasuraAuthServerMoveToWhereTheOthersAre(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		for purpose, email := range map[domain.TicketPurpose]domain.Email{
			domain.TicketVerifyEmail: "", domain.TicketPasswordlessEmail: "", domain.TicketPasswordReset: "", domain.TicketEmailConfirmChange: "new@example.com",
		} {
			exec(t, store, "DELETE FROM auth.users")
			ticket := domain.NewTicket(purpose, uuid.NewString())
			id := jane(t, store, string(ticket))
			require.ErrorIs(t, adopt(store, ticket, now.Add(time.Hour)), port.ErrNotFound, "it has expired")
			require.ErrorIs(t, adopt(store, domain.NewTicket(purpose, "x"), now), port.ErrNotFound)
			require.NoError(t, adopt(store, ticket, now))
			require.ErrorIs(t, adopt(store, ticket, now), port.ErrNotFound, "it has moved")
			found, err := store.Tickets().Find(t.Context(), ticket.Hash(), now)
			require.NoError(t, err)
			require.Equal(t, domain.TicketRecord{
				Hash: ticket.Hash(), Purpose: purpose, UserID: id, Email: email, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			}, found)
			require.NotContains(t, text(t, store, "auth.users"), ticket)
		}
	})
}

func TestTickets_OfOtherKindsAreNotAdopted(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		for _, ticket := range []domain.Ticket{"123456", "otp:123456"} {
			exec(t, store, "DELETE FROM auth.users")
			jane(t, store, string(ticket))
			require.ErrorIs(t, adopt(store, ticket, now), port.ErrNotFound)
			require.Contains(t, text(t, store, "auth.users"), "ticket="+string(ticket))
		}
	})
}

func TestTickets_AreAdoptedOnceByFiftyAndNotByWhatFails(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		ticket := domain.NewTicket(domain.TicketVerifyEmail, uuid.NewString())
		jane(t, store, string(ticket))
		failed := errors.New("failed")
		require.Equal(t, failed, store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			require.NoError(t, repos.Tickets().Adopt(ctx, ticket, now))
			return failed
		}))
		results := make(chan error, 50)
		for range 50 {
			go func() { results <- adopt(store, ticket, now) }()
		}
		adopted := 0
		for range 50 {
			if err := <-results; err == nil {
				adopted++
			} else {
				require.ErrorIs(t, err, port.ErrNotFound)
			}
		}
		require.Equal(t, 1, adopted)
	})
}

func TestOTPs_OfAHasuraAuthServerWorkOnce(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		id := jane(t, store, "012345")
		consume := func(email domain.Email, code domain.OTP, at time.Time) (domain.UserID, error) {
			return store.OTPs().ConsumeLegacy(context.Background(), email, code, at)
		}
		for _, wrong := range []func() (domain.UserID, error){
			func() (domain.UserID, error) { return consume("joe@example.com", "012345", now) },
			func() (domain.UserID, error) { return consume("jane@example.com", "012346", now) },
			func() (domain.UserID, error) { return consume("jane@example.com", "012345", now.Add(time.Hour)) },
		} {
			_, err := wrong()
			require.ErrorIs(t, err, port.ErrNotFound)
		}
		got, err := consume("JANE@example.com", "012345", now)
		require.NoError(t, err)
		require.Equal(t, id, got)
		_, err = consume("jane@example.com", "012345", now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
}

func TestStore_KeepsNoSecretInClear(t *testing.T) {
	onBoth(t, bunstore.Options{}, func(t *testing.T, store *bunstore.Store) {
		ticket := domain.NewTicket(domain.TicketVerifyEmail, uuid.NewString())
		user := domain.User{ID: domain.UserID(uuid.NewString()), CreatedAt: now, Locale: "en", Email: "jane@example.com", DefaultRole: "user"}
		record := domain.TicketRecord{Hash: ticket.Hash(), Purpose: domain.TicketVerifyEmail, UserID: user.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		message := domain.Message{
			ID: uuid.NewString(), Template: domain.TemplateEmailVerify, To: "jane@example.com", DisplayName: "Jane Doe", Email: "jane@example.com",
			Link: ticket.Link("https://auth.example.com", "https://app.example.com", ""), Ticket: string(ticket), RedirectTo: "https://app.example.com",
		}
		require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user, Ticket: &record, Message: &message}))
		require.Contains(t, text(t, store, "auth.hexauth_tickets"), string(ticket.Hash()))
		queued := text(t, store, "auth.hexauth_outbox")
		require.Contains(t, queued, "recipient=jane@example.com")
		everything := queued + text(t, store, "auth.hexauth_tickets") + text(t, store, "auth.users")
		for _, secret := range []string{strings.TrimPrefix(string(ticket), "verifyEmail:"), "/verify", "app.example.com"} {
			require.NotContains(t, everything, secret)
		}
		require.NoError(t, store.Outbox().Delivered(t.Context(), message.ID))
		require.Empty(t, text(t, store, "auth.hexauth_outbox"))
	})
}

func TestPostgres_StatementsAreReadCommittedWhateverTheDatabaseSaysOtherwise(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	store := open(t, url, bunstore.Options{})
	db, _ := store.Migrations()
	_, err := db.ExecContext(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`)
	require.NoError(t, err)
	for _, unprepared := range []bool{false, true} {
		store := open(t, url, bunstore.Options{Unprepared: unprepared})
		db, _ := store.Migrations()
		var level string
		require.NoError(t, db.QueryRowContext(t.Context(), `SHOW transaction_isolation`).Scan(&level))
		// Poolers don't carry settings of a session: docs/databases.md says what to do there.
		require.Equal(t, map[bool]string{false: "read committed", true: "serializable"}[unprepared], level)
	}
}

func TestOutbox_ParksWhatItCantDecryptAndGoesOn(t *testing.T) {
	key := &cipher{}
	onBoth(t, bunstore.Options{Cipher: key}, func(t *testing.T, store *bunstore.Store) {
		queue := func() string {
			id := uuid.NewString()
			require.NoError(t, store.Tickets().Issue(t.Context(),
				domain.TicketRecord{Hash: domain.TicketHash(id), Purpose: domain.TicketVerifyEmail, CreatedAt: now, ExpiresAt: now},
				domain.Message{ID: id, Template: domain.TemplateEmailVerify, To: "jane@example.com", Ticket: "secret"}))
			return id
		}
		lost := queue()
		key.lost.Store(true)
		claimed, err := store.Outbox().Claim(t.Context(), now, now.Add(time.Minute), 9)
		key.lost.Store(false)
		require.NoError(t, err)
		require.Empty(t, claimed)
		list, err := store.Outbox().List(t.Context(), 9)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.True(t, list[0].Parked)
		require.Equal(t, "message "+lost+" can't be decrypted: another key", list[0].LastError)
		good := queue()
		claimed, err = store.Outbox().Claim(t.Context(), now, now.Add(time.Minute), 9)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		require.Equal(t, good, claimed[0].ID)
	})
}

func TestOutbox_KeepsToItsLimitWhateverThePlannerThinks(t *testing.T) {
	store := open(t, pgtest.Copy(t, migrate), bunstore.Options{})
	queue := func(n int) {
		for range n {
			id := uuid.NewString()
			require.NoError(t, store.Tickets().Issue(t.Context(),
				domain.TicketRecord{Hash: domain.TicketHash(id), Purpose: domain.TicketVerifyEmail, CreatedAt: now, ExpiresAt: now},
				domain.Message{ID: id, Template: domain.TemplateEmailVerify, To: "jane@example.com"}))
		}
	}
	queue(1)
	exec(t, store, "ANALYZE auth.hexauth_outbox; ANALYZE auth.hexauth_tickets") // for tables of one row the planner counts on one loop
	queue(12)
	claimed, err := store.Outbox().Claim(t.Context(), now, now.Add(time.Minute), 3)
	require.NoError(t, err)
	require.Len(t, claimed, 3)
	deleted, err := store.Tickets().DeleteExpired(t.Context(), now.Add(time.Hour), 3)
	require.NoError(t, err)
	require.Equal(t, 3, deleted)
}
