package system

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/hexauth/hexauth/port"
)

var (
	_ port.Clock   = Clock{}
	_ port.Random  = Random{}
	_ port.Journal = Journal{}
)

// Clock is the system's clock.
type Clock struct{}

// Now returns the time in UTC, truncated to microseconds: that is what the databases keep, so a value that was stored equals
// the one still held in memory.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Random is the entropy of the operating system. It never fails: crypto/rand ends the process instead (its documentation says
// when). It is safe for concurrent use.
type Random struct{}

// UUID returns a version 4 UUID (RFC 9562 §5.4) in lower-case text.
func (Random) UUID() string { return uuid.NewString() }

// Nonce returns 16 random bytes.
func (Random) Nonce() [16]byte {
	var nonce [16]byte
	rand.Read(nonce[:])
	return nonce
}

// Read fills p with random bytes: salts, keys and initialisation vectors of other adapters come from here.
func (Random) Read(p []byte) (int, error) { return rand.Read(p) }

// Journal writes events of security to the log, at level WARN, each with an attribute "event" that alerts can match.
type Journal struct {
	Log *slog.Logger
}

// RefreshTokenReused writes the event refresh_token_reused with user_id and session_id.
func (j Journal) RefreshTokenReused(user, session string) {
	j.Log.LogAttrs(context.Background(), slog.LevelWarn, "refresh token reused, session ended",
		slog.String("event", "refresh_token_reused"),
		slog.String("user_id", user),
		slog.String("session_id", session))
}

// SecurityKeyCopied writes the event security_key_copied with user_id and key_id.
func (j Journal) SecurityKeyCopied(user, key string) {
	j.Log.LogAttrs(context.Background(), slog.LevelWarn, "security key refused: its counter went back, there may be a copy of it",
		slog.String("event", "security_key_copied"),
		slog.String("user_id", user),
		slog.String("key_id", key))
}

// MessageNotSent logs a failed attempt; at error level when it was the last one.
func (j Journal) MessageNotSent(id, template string, attempts int, parked bool, cause error) {
	level, message := slog.LevelWarn, "message not sent, it will be tried again"
	if parked {
		level, message = slog.LevelError, "message not sent and given up: see hexauth outbox"
	}
	j.Log.Log(context.Background(), level, message,
		"event", "message_not_sent", "message_id", id, "template", template, "attempts", attempts, "cause", cause.Error())
}

// SMSRefused writes the event sms_refused.
func (j Journal) SMSRefused(cause error) {
	j.Log.Log(context.Background(), slog.LevelWarn, "SMS not sent", "event", "sms_refused", "cause", cause.Error())
}

// SMSOfTest writes the event sms_of_test with the number and the code.
func (j Journal) SMSOfTest(number, code string) {
	j.Log.Log(context.Background(), slog.LevelWarn, "no SMS is sent to this number for tests (AUTH_SMS_TEST_PHONE_NUMBERS)",
		"event", "sms_of_test", "number", number, "code", code)
}

// SMSAmbiguous writes the event sms_ambiguous with the ids of the users.
func (j Journal) SMSAmbiguous(users []string) {
	j.Log.Log(context.Background(), slog.LevelWarn, "a phone number belongs to several accounts that write it differently: see docs/sms.md",
		"event", "sms_ambiguous", "user_ids", users)
}
