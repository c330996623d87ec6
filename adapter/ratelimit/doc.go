// Package ratelimit counts requests in the memory of this process (Memory), and keeps counting there while a limiter that several
// processes share is away (Fallback). Both are a port.RateLimiter; the arithmetic is domain.Limit's.
//
// What counts elsewhere is an adapter of its own, such as adapter/redis.
package ratelimit
