package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hexauth/hexauth/test/pgtest"
)

// database is an empty one on the server that TEST_POSTGRES_URL names, or on a throwaway cluster.
type database struct {
	url     string
	version string // of PostgreSQL
	close   func() error
}

func openDatabase(ctx context.Context) (*database, error) {
	server, release := os.Getenv(pgtest.Env), func() error { return nil }
	if server == "" {
		cluster, err := pgtest.Create(pgtest.Options{})
		if err != nil {
			return nil, err
		}
		server, release = cluster.URL(), cluster.Close
	}
	d, err := createDatabase(ctx, server)
	if err != nil {
		_ = release()
		return nil, err
	}
	drop := d.close
	d.close = func() error {
		defer func() { _ = release() }()
		return drop()
	}
	return d, nil
}

func createDatabase(ctx context.Context, server string) (*database, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", pgtest.Env)
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	d := &database{}
	if err := conn.QueryRow(ctx, "SHOW server_version").Scan(&d.version); err != nil {
		return nil, err
	}
	name := "hexauth_bench_" + rand.Text()
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quoted+" TEMPLATE template0"); err != nil {
		return nil, err
	}
	u.Path = "/" + name
	d.url = u.String()
	d.close = func() error { return execute(server, "DROP DATABASE "+quoted+" WITH (FORCE)") }
	return d, nil
}

// execute runs statements on a connection of their own, whatever has become of the run.
func execute(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}
