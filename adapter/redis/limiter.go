package redis

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const defaultTimeout = 250 * time.Millisecond

//go:embed take.lua
var takeScript string

// Options say where to count.
type Options struct {
	URL    string     // redis://user:password@host:port/database, or rediss:// with TLS; valkey:// and valkeys:// mean the same
	Prefix string     // of every key
	Clock  port.Clock // nil for the server's own clock, about which all instances agree
	// Timeout bounds one call, connecting included: a request never waits longer for a counter. Default: 250 ms.
	Timeout time.Duration
	// Trace is told of each command, without its arguments, before it is sent; what it returns is called with what became of the
	// command. nil: nobody wants to know.
	Trace func(ctx context.Context, command string) (context.Context, func(error))
}

// Limiter is a port.RateLimiter that any number of processes share. It is safe for concurrent use.
//
// A counter is one key, <prefix><bucket><number of the window>:<client>, which expires after two windows. The script computes the
// keys, so it works on one server with or without replicas, not on a cluster.
type Limiter struct {
	client  *redis.Client
	script  *redis.Script
	prefix  string
	clock   port.Clock
	timeout time.Duration
	trace   func(ctx context.Context, command string) (context.Context, func(error))
}

var _ port.RateLimiter = (*Limiter)(nil)

// New checks the options. It does not connect. The error doesn't repeat the URL.
func New(o Options) (*Limiter, error) {
	url := o.URL
	if rest, found := strings.CutPrefix(url, "valkey"); found {
		url = "redis" + rest
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("redis: the URL must be like redis://user:password@host:6379/0 or rediss://…")
	}
	logging.Disable() // the library writes to standard error what Take returns as an error anyway
	options.ClientName = "hexauth"
	timeout := cmp.Or(o.Timeout, defaultTimeout)
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = timeout, timeout, timeout, timeout
	options.ContextTimeoutEnabled = true
	options.MaxRetries, options.DialerRetries = -1, 1 // who calls knows what to do meanwhile
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Limiter{
		client: redis.NewClient(options), script: redis.NewScript(takeScript), prefix: o.Prefix, clock: o.Clock, timeout: timeout, trace: o.Trace,
	}, nil
}

// Close closes the connections.
func (l *Limiter) Close() error { return l.client.Close() }

// answered is how many numbers the script answers of each bucket.
const answered = 4

// Take implements port.RateLimiter. A caller who hangs up is counted all the same.
func (l *Limiter) Take(ctx context.Context, client string, buckets []domain.Bucket) (domain.Usage, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timeout)
	defer cancel()
	numbers, err := l.run(ctx, l.arguments(client, buckets))
	if err != nil {
		return domain.Usage{}, fmt.Errorf("redis: %w", err)
	}
	if len(numbers) == 0 || len(numbers)%answered != 0 || len(numbers)/answered > len(buckets) {
		return domain.Usage{}, errors.New("redis: the script answers something else")
	}
	tightest := usage(buckets[0].Limit, numbers)
	for i := 1; i < len(numbers)/answered; i++ {
		tightest = tightest.Tighter(usage(buckets[i].Limit, numbers[i*answered:]))
	}
	return tightest, nil
}

// run runs the script. A server that does not know it yet is taught it, which is one command more.
func (l *Limiter) run(ctx context.Context, arguments []any) (numbers []int64, err error) {
	if l.trace != nil {
		var end func(error)
		ctx, end = l.trace(ctx, "EVALSHA take.lua")
		defer func() { end(err) }()
	}
	return l.script.Run(ctx, l.client, nil, arguments...).Int64Slice()
}

func (l *Limiter) arguments(client string, buckets []domain.Bucket) []any {
	arguments := make([]any, 0, 2+4*len(buckets))
	arguments = append(arguments, l.prefix)
	if l.clock == nil {
		arguments = append(arguments, "")
	} else {
		arguments = append(arguments, l.clock.Now().UnixMilli())
	}
	for _, b := range buckets {
		who := client
		if b.Shared {
			who = ""
		}
		arguments = append(arguments, b.Name, who, b.Limit.Burst, b.Limit.Interval.Milliseconds())
	}
	return arguments
}

func usage(l domain.Limit, numbers []int64) domain.Usage {
	w := domain.Window{Previous: int(numbers[1]), Current: int(numbers[2]), Remaining: time.Duration(numbers[3]) * time.Millisecond}
	return l.Usage(w, numbers[0] == 1)
}
