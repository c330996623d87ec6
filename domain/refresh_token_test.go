package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const someToken RefreshToken = "7a3c1ad7-5e0a-4c7c-9b43-fd8cf5e8a0b1"

func TestRefreshToken_HashIsThePeersForm(t *testing.T) {
	// printf 7a3c1ad7-5e0a-4c7c-9b43-fd8cf5e8a0b1 | sha256sum
	require.Equal(t, RefreshTokenHash(`\x7af75ce1aac7ad5f1a28d03e6edd13a7b8e92d62b31925a3216ea9e2ac77b7dd`), someToken.Hash())
}

func TestRefreshTokenKey_SuccessorsAreUUIDsOfTheSameFamily(t *testing.T) {
	key, token := RefreshTokenKey{1}, someToken
	for i := range 200 {
		next := key.Successor(token, NewRefreshNonce([16]byte{byte(i)}))
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, string(next))
		require.Equal(t, key.Family(token), key.Family(next))
		require.Equal(t, token[:17], next[:17])
		require.NotEqual(t, token[17:], next[17:])
		token = next
	}
}

func TestRefreshTokenKey_TheSuccessorDependsOnTokenNonceAndKey(t *testing.T) {
	base := RefreshTokenKey{1}.Successor(someToken, "nonce")
	require.Equal(t, base, RefreshTokenKey{1}.Successor(someToken, "nonce"))
	require.NotEqual(t, base, RefreshTokenKey{2}.Successor(someToken, "nonce"))
	require.NotEqual(t, base, RefreshTokenKey{1}.Successor(someToken, "other"))
	require.NotEqual(t, base, RefreshTokenKey{1}.Successor("7a3c1ad7-5e0a-4c7c-9b43-fd8cf5e8a0b2", "nonce"))
}

func TestRefreshTokenKey_ATextOfAnotherFormGetsASuccessorOfOurs(t *testing.T) {
	key := RefreshTokenKey{1}
	require.Empty(t, key.Family("not-a-uuid"))
	next := key.Successor("not-a-uuid", "nonce")
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, string(next))
	require.NotEmpty(t, key.Family(next))
}

func TestRefreshTokenKey_TheFamilyHidesTheToken(t *testing.T) {
	require.NotEqual(t, RefreshTokenKey{1}.Family(someToken), RefreshTokenKey{2}.Family(someToken))
	require.NotContains(t, RefreshTokenKey{1}.Family(someToken), "7a3c1ad7")
}

func TestPastRotation_ReadsWhatItWrites(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 123000000, time.UTC)
	first := NewPastRotation(someToken, NewRefreshNonce([16]byte{1}), at)
	second := NewPastRotation(someToken+"x", NewRefreshNonce([16]byte{2}), at.Add(time.Second))
	require.Len(t, first.String(), PastRotationLength)
	require.Equal(t, []PastRotation{second, first}, ParsePastRotations(second.String()+first.String()))
	require.Equal(t, []PastRotation{second}, ParsePastRotations(second.String()+first.String()[:20]), "a cut one is none")
	require.Empty(t, ParsePastRotations(strings.Repeat("z", PastRotationLength)))
	require.Empty(t, ParsePastRotations(""))
}

func TestTrail_JudgesEveryKindOfToken(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	nonce := NewRefreshNonce([16]byte{7})
	trail := Trail{
		Session: Session{TokenHash: RefreshToken("current").Hash(), ExpiresAt: now.Add(time.Hour)},
		Recent:  []PastRotation{NewPastRotation("previous", nonce, now.Add(-30*time.Second))},
	}
	rows := []struct {
		name  string
		token RefreshToken
		at    time.Time
		grace time.Duration
		want  Verdict
	}{
		{"the current one", "current", now, time.Minute, TokenCurrent},
		{"the current one, expired", "current", now.Add(time.Hour), time.Minute, TokenExpired},
		{"the one before, at the end of the grace", "previous", now, 30 * time.Second, TokenReplaced},
		{"the one before, after the grace", "previous", now.Add(time.Millisecond), 30 * time.Second, TokenReused},
		{"the one before, without grace", "previous", now.Add(-30 * time.Second), 0, TokenReused},
		{"an unknown one of the family", "older", now, time.Hour, TokenReused},
		{"an old one of an expired session", "previous", now.Add(time.Hour), 2 * time.Hour, TokenExpired},
	}
	for _, row := range rows {
		verdict, got := trail.Judge(row.token, row.at, row.grace)
		require.Equal(t, row.want, verdict, row.name)
		if row.want == TokenReplaced {
			require.Equal(t, nonce, got)
		} else {
			require.Empty(t, got, row.name)
		}
	}
}
