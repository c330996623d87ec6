package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hexauth/hexauth/test/pgtest"
)

// server is the PostgreSQL server that TEST_POSTGRES_URL names, or a throwaway cluster.
type server struct {
	url     string
	version string    // of PostgreSQL
	buffers string    // its shared_buffers
	kernel  *postgres // nil when it is on another machine
	release func() error
}

func openServer(ctx context.Context) (*server, error) {
	s := &server{url: os.Getenv(pgtest.Env), release: func() error { return nil }}
	if s.url == "" {
		cluster, err := pgtest.Create(pgtest.Options{SharedBuffers: sharedBuffers()})
		if err != nil {
			return nil, err
		}
		s.url, s.release = cluster.URL(), cluster.Close
	}
	if err := s.describe(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *server) describe(ctx context.Context) (err error) {
	err = queryRow(ctx, s.url, []any{&s.version, &s.buffers}, "SELECT current_setting('server_version'), current_setting('shared_buffers')")
	if err == nil {
		s.kernel, err = findPostgres(ctx, s.url)
	}
	return err
}

// maxBuffers is more than what a million users need.
const maxBuffers = 4 << 30

// sharedBuffers is a quarter of the machine's memory, as PostgreSQL's manual proposes (20.4.1), up to maxBuffers. In bytes.
func sharedBuffers() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kibibytes int64
	for line := range bytes.Lines(text) {
		if value, found := bytes.CutPrefix(line, []byte("MemTotal:")); found {
			kibibytes, _ = strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64) // or 0, the default
		}
	}
	return min(kibibytes<<10/4, maxBuffers)
}

// database is an empty one on the server.
type database struct {
	name, url string
	drop      func() error
}

func (s *server) create(ctx context.Context) (*database, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", pgtest.Env)
	}
	name := "hexauth_bench_" + rand.Text()
	quoted := pgx.Identifier{name}.Sanitize()
	if err := execute(ctx, s.url, "CREATE DATABASE "+quoted+" TEMPLATE template0"); err != nil {
		return nil, err
	}
	u.Path = "/" + name
	return &database{name: name, url: u.String(), drop: func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // whatever has become of the run
		defer cancel()
		return execute(ctx, s.url, "DROP DATABASE "+quoted+" WITH (FORCE)")
	}}, nil
}

// execute runs statements, one after the other, on a connection of their own.
func execute(ctx context.Context, url string, statements ...string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// queryRow reads one row on a connection of its own.
func queryRow(ctx context.Context, url string, into []any, query string, args ...any) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return conn.QueryRow(ctx, query, args...).Scan(into...)
}
