package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/hexauth/hexauth/config"
)

const (
	logBuffer = 64 << 10 // bytes
	// logPause is how long a line of a request may wait to be written. Warnings, errors and events of the audit log never wait.
	logPause = 100 * time.Millisecond
)

// logWriter gathers lines, so that a request does not pay for a system call of its own.
type logWriter struct {
	mu     sync.Mutex
	buffer *bufio.Writer
	late   *time.Timer // pending flush, nil when the buffer is empty
}

func newLogWriter(w io.Writer) *logWriter {
	return &logWriter{buffer: bufio.NewWriterSize(w, logBuffer)}
}

// Write takes a whole line and sees to it that it is written soon.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late == nil {
		w.late = time.AfterFunc(logPause, w.Flush)
	}
	return w.buffer.Write(line)
}

// Flush writes what was gathered. Where logs can't be written nobody can be told.
func (w *logWriter) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late != nil {
		w.late.Stop()
		w.late = nil
	}
	_ = w.buffer.Flush()
}

// promptHandler writes what operators must see at once.
type promptHandler struct {
	slog.Handler
	writer *logWriter
	from   slog.Level // the least level that does not wait
}

// Handle implements slog.Handler.
func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= h.from {
		h.writer.Flush()
	}
	return err
}

// tracedHandler adds the trace to lines that belong to one. A span of somebody else, of a proxy whose trace this server does not add to,
// is not the line's.
type tracedHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h tracedHandler) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
		if !span.IsRemote() {
			r.AddAttrs(slog.String("span_id", span.SpanID().String()))
		}
	}
	return h.Handler.Handle(ctx, r)
}

// newLogger returns the log, and what writes its last lines.
func newLogger(cfg config.Config, w io.Writer) (log *slog.Logger, flush func()) {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if cfg.Debug {
		options.Level = slog.LevelDebug
	}
	writer := newLogWriter(w)
	var handler slog.Handler = slog.NewJSONHandler(writer, options)
	if cfg.LogFormatText {
		handler = slog.NewTextHandler(writer, options)
	}
	return slog.New(promptHandler{tracedHandler{handler}, writer, slog.LevelWarn}), writer.Flush
}

// promptly returns a log of which no line waits: what it has said is there even when the process is killed.
func promptly(log *slog.Logger) *slog.Logger {
	if h, gathers := log.Handler().(promptHandler); gathers {
		h.from = slog.LevelDebug
		return slog.New(h)
	}
	return log
}
