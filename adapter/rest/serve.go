package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of a connection. A client that is slower is cut off, so that it can't hold a connection for nothing.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 75 * time.Second // longer than the usual minute of proxies, so that they close first
	maxHeaderBytes    = 32 << 10
	// ShutdownGrace is how long requests under way have to finish.
	ShutdownGrace = 30 * time.Second
)

// Serve answers requests on listener until ctx ends, and for delay after that, so that load balancers which see that the server is not
// ready any more stop using it. Then it takes no new connections and returns when the requests under way are finished, after
// ShutdownGrace at the latest.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, delay time.Duration, log *slog.Logger) error {
	server := &http.Server{
		Handler: parting(ctx, handler), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	if delay > 0 {
		log.Info("stopping: not ready any more, still serving", "delay", delay.String())
		select {
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case <-time.After(delay):
		}
	}
	log.Info("stopping: requests under way may finish", "grace", ShutdownGrace.String())
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), ShutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("requests were still under way after %s", ShutdownGrace), server.Close())
	}
	return nil
}

// parting has clients close their connections after their next request once ctx has ended: none is left that a client could be about
// to use when the server closes it (RFC 9112 §9.6).
func parting(ctx context.Context, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}
