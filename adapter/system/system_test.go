package system_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/system"
)

func TestClock_IsUTCAndAsPreciseAsTheDatabases(t *testing.T) {
	before := time.Now().Add(-time.Microsecond)
	for range 1000 {
		now := system.Clock{}.Now()
		require.Equal(t, time.UTC, now.Location())
		require.Zero(t, now.Nanosecond()%1000)
		require.WithinRange(t, now, before, time.Now())
	}
}

func TestClock_ReadingsSurviveTheWayThroughText(t *testing.T) {
	now := system.Clock{}.Now()
	parsed, err := time.Parse("2006-01-02T15:04:05.000000Z", now.Format("2006-01-02T15:04:05.000000Z"))
	require.NoError(t, err)
	require.True(t, parsed.Equal(now))
}

func TestRandom_MakesDistinctVersion4UUIDs(t *testing.T) {
	version4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := system.Random{}.UUID()
		require.Regexp(t, version4, id)
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestRandom_NoncesDiffer(t *testing.T) {
	seen := map[[16]byte]bool{{}: true}
	for range 1000 {
		nonce := system.Random{}.Nonce()
		require.False(t, seen[nonce])
		seen[nonce] = true
	}
}

func TestRandom_FillsWhatItIsGiven(t *testing.T) {
	one, other := make([]byte, 32), make([]byte, 32)
	_, err := io.ReadFull(system.Random{}, one)
	require.NoError(t, err)
	_, err = io.ReadFull(system.Random{}, other)
	require.NoError(t, err)
	require.NotEqual(t, make([]byte, 32), one)
	require.NotEqual(t, one, other)
}

func TestJournal_WarnsOfCopiedSecurityKeys(t *testing.T) {
	var out bytes.Buffer
	journal := system.Journal{Log: slog.New(slog.NewJSONHandler(&out, nil))}
	journal.SecurityKeyCopied("u-1", "k-1")

	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	delete(line, "time")
	require.Equal(t, map[string]any{
		"level": "WARN", "msg": "security key refused: its counter went back, there may be a copy of it",
		"event": "security_key_copied", "user_id": "u-1", "key_id": "k-1",
	}, line)
}

func TestJournal_WarnsOfReusedRefreshTokens(t *testing.T) {
	var out bytes.Buffer
	journal := system.Journal{Log: slog.New(slog.NewJSONHandler(&out, nil))}
	journal.RefreshTokenReused("u-1", "s-1")

	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	delete(line, "time")
	require.Equal(t, map[string]any{
		"level": "WARN", "msg": "refresh token reused, session ended",
		"event": "refresh_token_reused", "user_id": "u-1", "session_id": "s-1",
	}, line)
}
