package domain

import (
	"strconv"
	"time"
)

// PersonalAccessToken is a long-lived secret that a user makes for a program: the text of a UUID, exchanged for sessions and
// never replaced. The store keeps its hash beside the refresh tokens, and in their form.
type PersonalAccessToken struct {
	ID        string // a UUID
	UserID    UserID
	TokenHash RefreshTokenHash
	Metadata  Metadata
	CreatedAt time.Time
	ExpiresAt time.Time
}

// MaxPATs is how many personal access tokens that have not expired a user may have: enough for every program there is, and not enough to
// fill a database.
const MaxPATs = 100

// RoomForPAT answers a FieldError with InvalidRequest when a user who has these tokens may have no other.
func RoomForPAT(tokens []PersonalAccessToken, now time.Time) error {
	good := 0
	for _, token := range tokens {
		if token.ExpiresAt.After(now) {
			good++
		}
	}
	if good < MaxPATs {
		return nil
	}
	return &FieldError{
		Code: InvalidRequest, Field: "user", Reason: "has " + strconv.Itoa(MaxPATs) + " personal access tokens, the most there may be: remove one first",
	}
}

// PATPolicy says how long such tokens may live.
type PATPolicy struct {
	MaxLifetime time.Duration // 0: as long as the user likes
}

// Check answers a FieldError with InvalidRequest for an expiry that has passed or is too far away.
func (p PATPolicy) Check(expiresAt, now time.Time) error {
	switch {
	case !expiresAt.After(now):
		return &FieldError{Code: InvalidRequest, Field: "expiresAt", Reason: "must lie in the future"}
	case p.MaxLifetime > 0 && expiresAt.After(now.Add(p.MaxLifetime)):
		return &FieldError{Code: InvalidRequest, Field: "expiresAt", Reason: "must not lie further away than " + p.MaxLifetime.String()}
	}
	return nil
}
