package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the variable with the URL of a server on which tests may create databases.
const Env = "TEST_POSTGRES_URL"

const statementTimeout = 60 * time.Second

// shared starts the process's own cluster at its first use. It is the one piece of state of this package: all tests of a
// process share it, and its guardian removes it when the process ends.
var shared = sync.OnceValues(func() (*Cluster, error) { return Create(Options{}) })

// Database creates an empty database and returns its URL. When the test ends the database is dropped, connections that are
// still open to it included. The test fails when there is no PostgreSQL to be had; it is never skipped.
func Database(t testing.TB) string {
	t.Helper()
	server, err := serverURL(os.Getenv(Env))
	if err != nil {
		t.Fatal(err)
	}
	return create(t, server, "template0")
}

// prototype is the database that Copy copies; like shared one for all tests of the process.
var prototype struct {
	once sync.Once
	name string
	err  error
}

// Copy is Database with what prepare puts into it. prepare is called once a process, however many tests call Copy, and must leave
// no connection open. Packages that use it have a TestMain with Main, which drops the original.
func Copy(t testing.TB, prepare func(url string) error) string {
	t.Helper()
	server, err := serverURL(os.Getenv(Env))
	if err != nil {
		t.Fatal(err)
	}
	prototype.once.Do(func() {
		prototype.name = "hexauth_prototype_" + randomHex()
		prototype.err = execute(server, "CREATE DATABASE "+prototype.name+" TEMPLATE template0")
		if prototype.err == nil {
			prototype.err = prepare(inDatabase(server, prototype.name))
		}
	})
	if prototype.err != nil {
		t.Fatalf("prepare a test database: %v", prototype.err)
	}
	return create(t, server, prototype.name)
}

// dropPrototype removes what Copy has left.
func dropPrototype() error {
	if prototype.name == "" {
		return nil
	}
	server, err := serverURL(os.Getenv(Env))
	if err != nil {
		return err
	}
	return execute(server, "DROP DATABASE IF EXISTS "+prototype.name+" WITH (FORCE)")
}

func inDatabase(server *url.URL, name string) string {
	own := *server
	own.Path = "/" + name
	return own.String()
}

// create makes a database for one test.
func create(t testing.TB, server *url.URL, template string) string {
	t.Helper()
	name := "hexauth_test_" + randomHex()
	if err := execute(server, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return inDatabase(server, name)
}

// Main is for a package's TestMain: it runs the tests with TEST_POSTGRES_URL set, on a cluster of the process where it was
// not, and removes that cluster before it exits. Packages without it get the same from the guardian, a moment after exit.
func Main(m *testing.M) {
	os.Exit(runOn(func() int {
		code := m.Run()
		if err := dropPrototype(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(code, 1)
		}
		return code
	}))
}

func runOn(tests func() int) int {
	if os.Getenv(Env) != "" {
		return tests()
	}
	c, err := Create(Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := 1
	if err := os.Setenv(Env, c.URL()); err == nil {
		code = tests()
	}
	if err := c.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// serverURL parses the URL of the server to use, given is the value of TEST_POSTGRES_URL.
func serverURL(given string) (*url.URL, error) {
	if given == "" {
		c, err := shared()
		if err != nil {
			return nil, err
		}
		given = c.URL()
	}
	u, err := url.Parse(given)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, fmt.Errorf("%s has to be a URL like postgres://user@host:5432/postgres", Env)
	}
	return u, nil
}

func execute(server *url.URL, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

func randomHex() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails, it would end the process
	return hex.EncodeToString(b)
}
