package domain

import "time"

// Limit admits Burst requests of a client in about any Interval. Both are positive; the interval counts in milliseconds.
//
// It is a sliding window made of two fixed ones: what the previous window admitted counts as much as it still overlaps the
// interval that ends now. It never forgets more than it should at the border of two windows, where a fixed window admits twice
// the burst.
type Limit struct {
	Burst    int
	Interval time.Duration
}

// Bucket is a limit with a name. Requests are counted by client, or all together where it is shared.
type Bucket struct {
	Name   string
	Limit  Limit
	Shared bool
}

// Window is where a counter stands.
type Window struct {
	Previous  int           // requests that the window before admitted
	Current   int           // requests that this one has admitted
	Remaining time.Duration // until it ends; positive, the interval at most
}

// Usage is what a client learns about a limit.
type Usage struct {
	Admitted bool
	Limit    Limit
	Left     int           // requests that would be admitted now
	Reset    time.Duration // until the window ends; where nothing is left, until a request will be admitted
}

// WindowAt returns the number of the window that a time falls into and how much of it is left.
func (l Limit) WindowAt(now time.Time) (index int64, remaining time.Duration) {
	interval, at := l.Interval.Milliseconds(), now.UnixMilli()
	return at / interval, time.Duration(interval-at%interval) * time.Millisecond
}

// Admits tells whether one more request is within the limit.
func (l Limit) Admits(w Window) bool { return l.left(w) > 0 }

// left is how many requests are within the limit; not below zero.
func (l Limit) left(w Window) int {
	previous := int64(min(w.Previous, l.Burst))
	overlap := previous * w.Remaining.Milliseconds() / l.Interval.Milliseconds()
	return max(l.Burst-w.Current-int(overlap), 0)
}

// Usage describes a limit whose counter stands at w after a request was admitted or refused.
func (l Limit) Usage(w Window, admitted bool) Usage {
	usage := Usage{Admitted: admitted, Limit: l, Left: l.left(w), Reset: w.Remaining}
	if usage.Left == 0 {
		usage.Reset = l.wait(w)
	}
	return usage
}

// wait is how long nothing is admitted. As the window proceeds, the part that the previous one weighs must fall below what
// this one leaves; where this one leaves nothing the next must have begun, and the same holds there.
func (l Limit) wait(w Window) time.Duration {
	free, previous, ahead := int64(l.Burst-w.Current), int64(min(w.Previous, l.Burst)), time.Duration(0)
	remaining, interval := w.Remaining.Milliseconds(), l.Interval.Milliseconds()
	if free <= 0 {
		free, previous, ahead = int64(l.Burst), int64(min(w.Current, l.Burst)), w.Remaining
		remaining = interval
	}
	if previous == 0 {
		return ahead
	}
	// Admitted as soon as previous * remaining / interval, rounded down, is below free.
	enough := (free*interval - 1) / previous
	return ahead + time.Duration(max(remaining-enough, 0))*time.Millisecond
}

// Tighter returns the usage that binds a client more: one that refuses, or else the one that leaves less.
func (u Usage) Tighter(other Usage) Usage {
	if !other.Admitted || u.Admitted && other.Left < u.Left {
		return other
	}
	return u
}

// RateLimits are the limits of all buckets.
type RateLimits struct {
	Global, Email, SMS, BruteForce, SignUps, OAuth2Server, TokenVerify Limit

	EmailIsShared bool // mails are counted for all clients together
}
