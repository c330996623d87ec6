package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/hexauth/hexauth/config"
)

const (
	asideHeaderTimeout = 5 * time.Second
	asideIdleTimeout   = 2 * time.Minute // longer than the usual minute between two looks at metrics
	asideHeaderBytes   = 16 << 10
	// asideWriteTimeout is longer than any profile that somebody has the patience for.
	asideWriteTimeout = 5 * time.Minute
)

// aside is a listener beside that of the API, for operators.
type aside struct {
	name     string // the variable that switches it on
	listener net.Listener
	handler  http.Handler
}

// openAside opens the listeners that are configured. The caller runs each to its end, or closes it.
func openAside(ctx context.Context, cfg config.Config, metrics http.Handler, log *slog.Logger) (open []aside, err error) {
	for _, a := range []struct {
		name, addr string
		handler    http.Handler
	}{{"AUTH_METRICS_ADDR", cfg.MetricsAddr, metrics}, {"AUTH_PPROF_ADDR", cfg.PprofAddr, profiler()}} {
		if a.addr == "" {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.addr)
		if err != nil {
			for _, opened := range open {
				_ = opened.listener.Close()
			}
			return nil, fmt.Errorf("listen (%s): %w", a.name, err)
		}
		log.Info("listening for operators", "variable", a.name, "address", listener.Addr().String())
		open = append(open, aside{a.name, listener, a.handler})
	}
	return open, nil
}

// run answers until ctx ends. Nobody waits for what operators are reading.
func (a aside) run(ctx context.Context, log *slog.Logger) {
	server := &http.Server{
		Handler: a.handler, ReadHeaderTimeout: asideHeaderTimeout, WriteTimeout: asideWriteTimeout,
		IdleTimeout: asideIdleTimeout, MaxHeaderBytes: asideHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("a listener for operators failed", "variable", a.name, "cause", err.Error())
	}
}

// profiler answers like the handlers that net/http/pprof puts into the global mux, which nobody here serves.
func profiler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
