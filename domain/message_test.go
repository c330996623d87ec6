package domain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQueuedMessage_WaitsTwiceAsLongEachTimeAndAnHourAtMost(t *testing.T) {
	now := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	for attempts, want := range map[int]time.Duration{
		0: 15 * time.Second, 1: 15 * time.Second, 2: 30 * time.Second, 3: time.Minute, 8: 32 * time.Minute, 9: time.Hour, 10: time.Hour, 1000: time.Hour,
	} {
		next, park := QueuedMessage{Attempts: attempts, CreatedAt: now}.Retry(now)
		require.Equal(t, now.Add(want), next, "after %d attempts", attempts)
		require.False(t, park)
	}
}

func TestQueuedMessage_IsGivenUpAfterADay(t *testing.T) {
	now := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	message := QueuedMessage{Attempts: 30, CreatedAt: now}
	_, park := message.Retry(now.Add(24*time.Hour - 1))
	require.False(t, park)
	_, park = message.Retry(now.Add(24 * time.Hour))
	require.True(t, park)
}
