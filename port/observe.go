package port

import (
	"time"

	"github.com/hexauth/hexauth/domain"
)

// RequestMeter counts requests for the graphs of operators. Its methods cost next to nothing and never fail.
type RequestMeter interface {
	// RequestBegan: a request is under way.
	RequestBegan()

	// RequestEnded: a request that began was answered, or its client hung up.
	RequestEnded(r AnsweredRequest)
}

// AnsweredRequest is what became of a request.
type AnsweredRequest struct {
	Operation  string      // its operationId in the contract; "" for paths that are not in it
	Status     int         // of HTTP; 499 when the client hung up
	Error      domain.Code // "" when there was none
	Challenged bool        // a sign-in went well so far, and a second factor is asked for
	Took       time.Duration
}

// RefreshMeter counts refreshes by what became of them. Its method costs next to nothing and never fails.
type RefreshMeter interface {
	// Refreshed: a refresh token was presented.
	Refreshed(outcome domain.RefreshOutcome)
}

// HashingStats is the state of a port.Passwords that bounds its work.
type HashingStats struct {
	Hashes    int64 // computed since the start
	Running   int64
	Waiting   int64
	QueueFull int64 // callers turned away at once since the start
	TimedOut  int64 // callers turned away after waiting since the start
}

// PoolStats is the state of a pool of connections to the database.
type PoolStats struct {
	Name   string // what the pool is for
	InUse  int
	Idle   int
	Max    int
	Waits  int64         // how often somebody had to wait for a connection since the start
	Waited time.Duration // for how long, all together
}
