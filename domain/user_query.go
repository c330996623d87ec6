package domain

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"
)

// The lengths of pages.
const (
	DefaultPage = 50
	MaxPage     = 200
)

const maxSearch = 254 // bytes; no address is longer

// positionTime is how a position in the list of all users writes the time.
const positionTime = "2006-01-02T15:04:05.000000Z"

// UserPosition is a place in a list of users: behind the user with that key and id. The zero value is the beginning.
type UserPosition struct {
	Key string
	ID  UserID
}

// UserQuery asks for a page of a list of users: all of them, the newest first, or those whose address, display name or phone number
// begins with Search, in the order of what begins with it.
type UserQuery struct {
	Search string
	After  UserPosition
	Limit  int
}

// NewUserQuery reads what an administrator asks for. cursor is a UserPosition.Cursor or "" for the beginning; a limit of 0 is
// DefaultPage. FieldErrors with InvalidRequest.
func NewUserQuery(search, cursor string, limit int) (UserQuery, error) {
	q := UserQuery{Search: strings.TrimSpace(search), Limit: limit}
	if len(q.Search) > maxSearch {
		return UserQuery{}, &FieldError{Code: InvalidRequest, Field: "search", Reason: "must have at most 254 bytes"}
	}
	if !utf8.ValidString(q.Search) || strings.ContainsRune(q.Search, 0) {
		return UserQuery{}, &FieldError{Code: InvalidRequest, Field: "search", Reason: "must be UTF-8 without NUL characters"}
	}
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return UserQuery{}, &FieldError{Code: InvalidRequest, Field: "limit", Reason: "must be a number from 1 to 200"}
	}
	if cursor == "" {
		return q, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) < 36 || !isUUID(string(text[:36])) || !utf8.Valid(text) || strings.ContainsRune(string(text), 0) {
		return UserQuery{}, badCursor()
	}
	q.After = UserPosition{Key: string(text[36:]), ID: UserID(text[:36])}
	if _, listed := q.After.Time(); q.Search == "" && !listed || q.After.Cursor() != cursor {
		return UserQuery{}, badCursor()
	}
	return q, nil
}

func badCursor() error {
	return &FieldError{Code: InvalidRequest, Field: "cursor", Reason: "is not one that this list gave"}
}

// ID returns the user's id that the search is, for it can be one; "" when it is none.
func (q UserQuery) ID() UserID {
	if id := strings.ToLower(q.Search); isUUID(id) {
		return UserID(id)
	}
	return ""
}

// PositionAt is the place behind a user in the list of all users.
func PositionAt(u User) UserPosition {
	return UserPosition{Key: u.CreatedAt.UTC().Format(positionTime), ID: u.ID}
}

// Time returns the time of a place in the list of all users.
func (p UserPosition) Time() (at time.Time, ok bool) {
	at, err := time.Parse(positionTime, p.Key)
	return at, err == nil
}

// Cursor writes a place as text that goes through URLs; "" for the beginning.
func (p UserPosition) Cursor() string {
	if p.ID == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(string(p.ID) + p.Key))
}

// UserPage is a part of a list of users. It may have fewer than were asked for even if the list goes on.
type UserPage struct {
	Accounts []Account
	Next     UserPosition // where the next page begins; the zero value: this was the last one
}
