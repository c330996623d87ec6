package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/config"
)

// sink is a writer that counts.
type sink struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(p)
}

func (s *sink) lines() (lines, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), "\n"), s.writes
}

func TestLog_GathersLinesAndWritesThemSoon(t *testing.T) {
	var out sink
	log, flush := newLogger(config.Config{}, &out)
	for range 50 {
		log.Info("request")
	}
	require.Eventually(t, func() bool { lines, _ := out.lines(); return lines == 50 }, patience, 10*time.Millisecond)
	_, writes := out.lines()
	require.Less(t, writes, 50)
	log.Info("the last one")
	flush()
	lines, _ := out.lines()
	require.Equal(t, 51, lines)
}

func TestLog_WritesWarningsAtOnceWithWhatCameBefore(t *testing.T) {
	var out sink
	log, flush := newLogger(config.Config{}, &out)
	defer flush()
	log.Info("request")
	log.Warn("something is wrong")
	lines, _ := out.lines()
	require.Equal(t, 2, lines)
}

func TestLog_WritesEventsOfTheAuditLogAtOnce(t *testing.T) {
	var out sink
	log, flush := newLogger(config.Config{}, &out)
	defer flush()
	log.Info("request")
	promptly(log).Info("audit")
	lines, _ := out.lines()
	require.Equal(t, 2, lines)
	log.Info("request")
	lines, _ = out.lines()
	require.Equal(t, 2, lines, "others wait as before")
}

func TestLog_KeepsLinesWholeWhenManyWrite(t *testing.T) {
	var out sink
	log, flush := newLogger(config.Config{}, &out)
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			for range 100 {
				log.Info(strings.Repeat("x", 100))
			}
		})
	}
	writers.Wait()
	flush()
	for line := range strings.Lines(out.text.String()) {
		require.True(t, strings.HasPrefix(line, `{"time":`) && strings.HasSuffix(line, "}\n"), line)
	}
	lines, _ := out.lines()
	require.Equal(t, 2000, lines)
}
