package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/hexauth/hexauth/adapter/hasura"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/config"
)

const (
	metadataFirstPause   = time.Second
	metadataLongestPause = 5 * time.Minute
)

// newMetadata returns the job that makes the tables known to Hasura, none where there is no Hasura or its database is another kind.
func newMetadata(cfg config.Config, tracing *telemetry.Telemetry, log *slog.Logger) ([]func(context.Context), error) {
	url := hasura.MetadataURL(cfg.GraphQLURL)
	if _, isSQLite := cfg.SQLitePath(); isSQLite || url == "" || !cfg.HasuraMetadata {
		return nil, nil
	}
	metadata, err := hasura.NewMetadata(hasura.Options{URL: url, AdminSecret: cfg.HasuraAdminSecret, Client: tracing.Client("hasura")})
	if err != nil {
		return nil, err
	}
	return []func(context.Context){func(ctx context.Context) { applyMetadata(ctx, metadata.Apply, log, metadataFirstPause) }}, nil
}

// applyMetadata tries until it succeeds or the context ends, with longer and longer pauses. It logs the first failure, one whenever the
// reason changes, and the success.
func applyMetadata(ctx context.Context, apply func(context.Context) (int, error), log *slog.Logger, pause time.Duration) {
	reason := ""
	for {
		changes, err := apply(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			log.Info("Hasura knows the tables", "event", "hasura_metadata_applied", "changes", changes)
			return
		}
		if err.Error() != reason {
			reason = err.Error()
			log.Warn("Hasura could not be told about the tables; it is tried again", "event", "hasura_metadata_failed", "cause", reason)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, metadataLongestPause)
	}
}
