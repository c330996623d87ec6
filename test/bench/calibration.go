package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/labstack/echo/v4"
)

const (
	calibrationRows  = 1024 // so many that parallel requests don't wait for each other's rows
	calibrationTable = `CREATE TABLE calibration (id int PRIMARY KEY, n bigint NOT NULL);
		INSERT INTO calibration SELECT n, 0 FROM generate_series(0, 1023) n`
	calibrationStatement = `UPDATE calibration SET n = n + 1 WHERE id = $1 RETURNING n`
	calibrationPool      = 10 // connections, as many as hexauth has by default
	emptyPath            = "/empty"
)

// task is what the calibration's server is told on its standard input.
type task struct {
	Database string
	Answer   []byte // the body of every answer: one of hexauth's to POST /token
}

// calibration is a server that does the least POST /token could do.
type calibration struct {
	db     *sql.DB
	key    *ecdsa.PrivateKey
	answer []byte
	calls  atomic.Int64
}

// serveCalibration serves until it is killed; its first line of output is its address.
func serveCalibration(ctx context.Context, in io.Reader, out io.Writer) error {
	var t task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(t.Database)
	if err != nil {
		return err
	}
	config.MaxConns = calibrationPool
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &calibration{db: stdlib.OpenDBFromPool(pool), key: key, answer: t.Answer}
	c.db.SetMaxOpenConns(calibrationPool)
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.POST("/token", c.token)
	e.POST(emptyPath, c.empty)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "http://"+listener.Addr().String()); err != nil {
		return err
	}
	server := &http.Server{Handler: e}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func (c *calibration) token(e echo.Context) error {
	var n int64
	row := c.db.QueryRowContext(e.Request().Context(), calibrationStatement, c.calls.Add(1)%calibrationRows)
	if err := row.Scan(&n); err != nil {
		return err
	}
	hash := sha256.Sum256(c.answer)
	if _, err := ecdsa.SignASN1(rand.Reader, c.key, hash[:]); err != nil {
		return err
	}
	return e.Blob(http.StatusOK, echo.MIMEApplicationJSON, c.answer)
}

func (c *calibration) empty(e echo.Context) error {
	return e.Blob(http.StatusOK, echo.MIMEApplicationJSON, c.answer)
}

// startCalibration makes the calibration's table and starts this binary anew.
func startCalibration(ctx context.Context, t task) (*process, error) {
	if err := execute(ctx, t.Database, calibrationTable); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, calibrate)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(text)), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	address, err := bufio.NewReader(out).ReadString('\n')
	go p.reap()
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the calibration did not start: %w", err)
	}
	p.url = strings.TrimSpace(address)
	return p, nil
}
