package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/migrations"
	"github.com/hexauth/hexauth/port"
)

// Options are the settings of a store. Zero values mean the defaults.
type Options struct {
	PoolSize   int           // PostgreSQL: connections at most; default 10, minimum 2
	Timeout    time.Duration // of one method, waiting for a connection included; default 5 s
	Unprepared bool          // PostgreSQL: no prepared statements, for poolers that can't carry them

	// Cipher encrypts the secrets of queued messages. Without it nothing can be queued.
	Cipher Cipher

	// Trace, when set, is told of every statement and calls back with what is to be called when it has ended. The text holds no
	// arguments.
	Trace func(ctx context.Context, statement string) (context.Context, func(error))

	// Dial, when set, opens PostgreSQL's network connections. Tests count round trips with it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	defaultPoolSize = 10
	minPoolSize     = 2
	defaultTimeout  = 5 * time.Second
)

func (o Options) withDefaults() Options {
	if o.PoolSize == 0 {
		o.PoolSize = defaultPoolSize
	}
	o.PoolSize = max(o.PoolSize, minPoolSize)
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return o
}

// Store implements port.Store.
type Store struct {
	dialect dialect
	timeout time.Duration
	cipher  Cipher
	trace   func(ctx context.Context, statement string) (context.Context, func(error)) // SQLite; PostgreSQL's driver has its own
	general *bun.DB                                                                    // everything that is not hot, and transactions
	hot     *bun.DB                                                                    // PostgreSQL: the same pool, but with connections that the others can't take; SQLite: readers
	pool    *pgxpool.Pool                                                              // PostgreSQL: the pool of both
	close   func()
}

var _ port.Store = (*Store)(nil)

// Open opens the database that url names: postgres://… (also postgresql://) or sqlite://path, sqlite://:memory: for one that
// lives as long as the Store. It reaches for nothing but SQLite's file: a PostgreSQL server that is away shows at the first
// statement.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	o = o.withDefaults()
	switch scheme, rest, _ := strings.Cut(url, "://"); scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, url, o)
	case "sqlite":
		return openSQLite(rest, o)
	default:
		return nil, fmt.Errorf("a database URL begins with postgres:// or sqlite://")
	}
}

// Close releases all connections. It waits for statements under way.
func (s *Store) Close() {
	s.close()
}

// Pools returns the state of the pools of connections. PostgreSQL has one for everybody and, within it, the share of those
// statements that are not hot; SQLite has its writer and its readers.
func (s *Store) Pools() []port.PoolStats {
	if s.pool == nil {
		pools := []port.PoolStats{poolStats("writer", s.general.DB.Stats())}
		if s.hot.DB != s.general.DB {
			pools = append(pools, poolStats("readers", s.hot.DB.Stats()))
		}
		return pools
	}
	all := s.pool.Stat()
	return []port.PoolStats{{
		Name: "all", InUse: int(all.AcquiredConns()), Idle: int(all.IdleConns()), Max: int(all.MaxConns()),
		Waits: all.EmptyAcquireCount(), Waited: all.EmptyAcquireWaitTime(),
	}, poolStats("general", s.general.DB.Stats())}
}

func poolStats(name string, s sql.DBStats) port.PoolStats {
	return port.PoolStats{Name: name, InUse: s.InUse, Idle: s.Idle, Max: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
}

// Migrations returns what package migrations works on.
func (s *Store) Migrations() (*sql.DB, migrations.Dialect) {
	return s.general.DB, s.dialect.migrations
}

// Unavailable wraps domain.Unavailable beside an error of the database that a later try may not meet: it is away, read-only,
// or starting. Others it returns as they are.
func (s *Store) Unavailable(ctx context.Context, err error) error {
	return s.dialect.mapError(ctx, err)
}

// Ready answers nil when the database answers and has all migrations.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	current, err := migrations.Current(ctx, s.hot.DB, s.dialect.migrations)
	if err != nil {
		return s.dialect.mapError(ctx, err)
	}
	if !current {
		return fmt.Errorf("%w: the schema is not up to date: run hexauth migrate up", domain.Unavailable)
	}
	return nil
}

// Atomic implements port.Store.
func (s *Store) Atomic(ctx context.Context, do func(context.Context, port.Repos) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var fromDo error
	err := s.general.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		fromDo = do(ctx, repos{conn{store: s, tx: &tx}})
		return fromDo
	})
	if err != nil && err == fromDo {
		return err
	}
	return s.dialect.mapError(ctx, err)
}

// Users returns the repository of accounts.
func (s *Store) Users() port.Users { return users{conn{store: s}} }

// Sessions returns the repository of sessions.
func (s *Store) Sessions() port.Sessions { return sessions{conn{store: s}} }

// Roles returns the repository of roles.
func (s *Store) Roles() port.Roles { return roles{conn{store: s}} }

// SigningKeys returns the repository of signing keys.
func (s *Store) SigningKeys() port.SigningKeys { return signingKeys{conn{store: s}} }

// Tickets returns the repository of tickets.
func (s *Store) Tickets() port.Tickets { return tickets{conn{store: s}} }

// OTPs returns the repository of one-time codes.
func (s *Store) OTPs() port.OTPs { return otps{conn{store: s}} }

// PKCECodes returns the repository of PKCE codes.
func (s *Store) PKCECodes() port.PKCECodes { return pkceCodes{conn{store: s}} }

// SMSCounts returns the counters of messages.
func (s *Store) SMSCounts() port.SMSCounts { return smsCounts{conn{store: s}} }

// PersonalAccessTokens returns the repository of tokens for programs.
func (s *Store) PersonalAccessTokens() port.PersonalAccessTokens { return pats{conn{store: s}} }

// SecurityKeys returns the repository of passkeys and security keys.
func (s *Store) SecurityKeys() port.SecurityKeys { return securityKeys{conn{store: s}} }

// Ceremonies returns the repository of WebAuthn ceremonies.
func (s *Store) Ceremonies() port.Ceremonies { return ceremonies{conn{store: s}} }

// ProviderLinks returns the repository of users' identities at providers.
func (s *Store) ProviderLinks() port.ProviderLinks { return providerLinks{conn{store: s}} }

// ProviderStates returns the repository of what is to happen when a browser comes back from a provider.
func (s *Store) ProviderStates() port.ProviderStates { return providerStates{conn{store: s}} }

// Administration returns the administrators' view of accounts.
func (s *Store) Administration() port.Administration { return administration{conn{store: s}} }

// Events returns the audit log.
func (s *Store) Events() port.Events { return events{conn{store: s}} }

// MFASecrets returns the repository of what second factors are checked against.
func (s *Store) MFASecrets() port.MFASecrets { return mfaSecrets{conn{store: s}} }

// Outbox returns the queue of messages.
func (s *Store) Outbox() port.Outbox { return outbox{conn{store: s}} }

// WebhookOutbox returns the same queue; what can be claimed from it are the events for one receiver, and from Outbox everything that
// is no event.
func (s *Store) WebhookOutbox(receiver string) port.Outbox {
	return outbox{conn{store: s}}.eventsFor(receiver)
}

// StrayOutbox returns the same queue; what can be claimed from it are the events for receivers that are none of known.
func (s *Store) StrayOutbox(known []string) port.Outbox {
	return outbox{conn{store: s}}.eventsForOthers(known)
}

// repos are the repositories of one transaction.
type repos struct{ conn conn }

func (r repos) Users() port.Users                               { return users{r.conn} }
func (r repos) Sessions() port.Sessions                         { return sessions{r.conn} }
func (r repos) Roles() port.Roles                               { return roles{r.conn} }
func (r repos) SigningKeys() port.SigningKeys                   { return signingKeys{r.conn} }
func (r repos) Tickets() port.Tickets                           { return tickets{r.conn} }
func (r repos) OTPs() port.OTPs                                 { return otps{r.conn} }
func (r repos) PKCECodes() port.PKCECodes                       { return pkceCodes{r.conn} }
func (r repos) SMSCounts() port.SMSCounts                       { return smsCounts{r.conn} }
func (r repos) Outbox() port.Outbox                             { return outbox{r.conn} }
func (r repos) MFASecrets() port.MFASecrets                     { return mfaSecrets{r.conn} }
func (r repos) PersonalAccessTokens() port.PersonalAccessTokens { return pats{r.conn} }
func (r repos) SecurityKeys() port.SecurityKeys                 { return securityKeys{r.conn} }
func (r repos) Ceremonies() port.Ceremonies                     { return ceremonies{r.conn} }
func (r repos) ProviderLinks() port.ProviderLinks               { return providerLinks{r.conn} }
func (r repos) ProviderStates() port.ProviderStates             { return providerStates{r.conn} }
func (r repos) Administration() port.Administration             { return administration{r.conn} }
func (r repos) Events() port.Events                             { return events{r.conn} }
