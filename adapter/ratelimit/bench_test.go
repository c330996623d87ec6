package ratelimit_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hexauth/hexauth/adapter/ratelimit"
	"github.com/hexauth/hexauth/adapter/system"
)

// BenchmarkMemory shows what counting costs a request.
func BenchmarkMemory(b *testing.B) {
	m, buckets := ratelimit.NewMemory(system.Clock{}), append(bucket(1_000_000), bucket(1_000_000)...)
	clients := make([]string, 10_000)
	for i := range clients {
		clients[i] = fmt.Sprintf("192.0.%d.%d", i/256, i%256)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			_, _ = m.Take(context.Background(), clients[i%len(clients)], buckets)
		}
	})
}
