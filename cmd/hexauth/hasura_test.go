package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestApplyMetadata_TriesUntilItSucceedsAndSaysEachReasonOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		begin, tries := time.Now(), 0
		applyMetadata(t.Context(), func(context.Context) (int, error) {
			tries++
			switch {
			case tries < 4:
				return 0, errors.New("away")
			case tries < 12:
				return 0, errors.New("no database yet")
			}
			return 42, nil
		}, slog.New(slog.NewTextHandler(&log, nil)), time.Second)
		require.Equal(t, 12, tries)
		require.Equal(t, (1+2+4+8+16+32+64+128+256+300+300)*time.Second, time.Since(begin))
		require.Equal(t, 2, strings.Count(log.String(), "hasura_metadata_failed"))
		require.Equal(t, 1, strings.Count(log.String(), "changes=42"))
	})
}

func TestApplyMetadata_EndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		applyMetadata(ctx, func(context.Context) (int, error) { return 0, errors.New("away") }, slog.New(slog.DiscardHandler), time.Second)
	})
}
