// Package redis counts requests in Redis or Valkey, so that several instances share their limits. Limiter is a port.RateLimiter.
//
// All buckets of a request are one Lua script and so one atomic step and one round trip. Nothing else about Redis belongs here
// yet; what is to be done when it is away is decided by whoever wires it (adapter/ratelimit.Fallback).
package redis
