package password

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/hexauth/hexauth/port"
)

var (
	_ port.Passwords      = (*Hasher)(nil)
	_ port.PasswordHashes = (*Hasher)(nil)
)

// The algorithms for new hashes.
const (
	Argon2id = "argon2id"
	Bcrypt   = "bcrypt"
)

const (
	defaultQueueTimeout = 3 * time.Second
	defaultQueuePerSlot = 128 // what one slot works off within the default timeout, about
)

// Options say how to hash. The zero value of a field means what its comment says.
type Options struct {
	Algorithm    string        // for new hashes: Argon2id or Bcrypt; "": Argon2id
	Concurrency  int           // hashes computed at once; 0: one less than GOMAXPROCS, at least one
	QueueTimeout time.Duration // how long a caller waits for his turn; 0: 3 s
	MaxQueue     int           // callers that may wait; 0: 128 for each hash computed at once
	Salt         io.Reader     // cryptographically strong; required. bcrypt draws its salts by itself, from crypto/rand

	// Waited, when set, is told how long each caller waited by Clock, also those who gave up. Nobody waits at a full queue.
	Waited func(time.Duration)
	Clock  port.Clock
}

// Hasher hashes and verifies passwords. It is safe for concurrent use.
type Hasher struct {
	algorithm string
	salt      io.Reader
	limit     limiter
	hashes    atomic.Int64
	running   atomic.Int64
}

// New returns a hasher, or what is wrong with the options.
func New(o Options) (*Hasher, error) {
	if o.Algorithm == "" {
		o.Algorithm = Argon2id
	}
	if o.Algorithm != Argon2id && o.Algorithm != Bcrypt {
		return nil, fmt.Errorf("password hash %q: must be %s or %s", o.Algorithm, Argon2id, Bcrypt)
	}
	if o.Concurrency < 0 || o.MaxQueue < 0 || o.QueueTimeout < 0 || o.Salt == nil || o.Waited != nil && o.Clock == nil {
		return nil, errors.New("password hashing needs a source of salts and limits that are not negative")
	}
	if o.Concurrency == 0 {
		o.Concurrency = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if o.QueueTimeout == 0 {
		o.QueueTimeout = defaultQueueTimeout
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = defaultQueuePerSlot * o.Concurrency
	}
	return &Hasher{algorithm: o.Algorithm, salt: o.Salt, limit: limiter{
		slots: make(chan struct{}, o.Concurrency), maxQueue: int64(o.MaxQueue), timeout: o.QueueTimeout, waited: o.Waited, clock: o.Clock,
	}}, nil
}

// Hash returns a new hash of password: a PHC string or a bcrypt string. With bcrypt a password of more than 72 bytes is an error;
// domain.PasswordPolicy keeps such passwords out. A caller who would have to wait too long gets domain.Unavailable, one
// whose ctx ends while he waits its error.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.begin(ctx); err != nil {
		return "", err
	}
	defer h.end()
	if h.algorithm == Bcrypt {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
		return string(hash), err
	}
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.salt, salt); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	return currentArgon().hash(password, salt, keyBytes).String(), nil
}

// Verify tells whether password is the one of hash, and whether a right one should be hashed anew because the algorithm or its
// costs are not today's (and Hash would accept it). A hash that is empty or of an unknown form never matches and costs the work of one comparison
// with a hash of today. Errors are those of Hash's waiting.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	if err := h.begin(ctx); err != nil {
		return false, false, err
	}
	defer h.end()
	var current bool
	if argon, known := parseArgon(hash); known {
		ok, current = argon.matches(password), h.algorithm == Argon2id && argon.isCurrent()
	} else if cost, known := bcryptCostOf(hash); known {
		var worked bool
		ok, worked = bcryptMatches(hash, password)
		if !worked {
			h.compareWithNothing(password)
		}
		current = h.algorithm == Bcrypt && cost == bcryptCost
	} else if old, known := parseForeign(hash); known {
		ok = old.matches(password)
	} else {
		h.compareWithNothing(password)
	}
	hashable := h.algorithm != Bcrypt || len(password) <= maxBcryptBytes
	return ok, ok && !current && hashable, nil
}

// Known tells whether Verify can compare with hash: it is of a kind that is known, well-formed and within bounds.
func (h *Hasher) Known(hash string) bool {
	if _, known := parseArgon(hash); known {
		return true
	}
	if _, known := bcryptCostOf(hash); known {
		return bcryptWellFormed(hash)
	}
	_, known := parseForeign(hash)
	return known
}

// compareWithNothing does the work of a comparison. Its hash belongs to no password; the outcome is thrown away regardless.
func (h *Hasher) compareWithNothing(password string) {
	if h.algorithm == Bcrypt {
		bcryptMatches(fmt.Sprintf("$2a$%02d$%s", bcryptCost, strings.Repeat(".", 22+31)), password)
		return
	}
	argonHash{argonParams: currentArgon(), salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}.matches(password)
}

// Stats returns the state of the queue. Its hashes include dummies.
func (h *Hasher) Stats() port.HashingStats {
	return port.HashingStats{
		Hashes: h.hashes.Load(), Running: h.running.Load(), Waiting: h.limit.queued.Load(),
		QueueFull: h.limit.full.Load(), TimedOut: h.limit.late.Load(),
	}
}

func (h *Hasher) begin(ctx context.Context) error {
	if err := h.limit.acquire(ctx); err != nil {
		return err
	}
	h.hashes.Add(1)
	h.running.Add(1)
	return nil
}

func (h *Hasher) end() {
	h.running.Add(-1)
	h.limit.release()
}
