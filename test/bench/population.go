package main

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sys/unix"

	"github.com/hexauth/hexauth/test/cost"
)

const (
	patEvery    = 10 // every tenth user has a personal access token
	expiredRows = 1000
)

// population is a database full of users, of whom those who visit know the secrets: they follow from the user's number, which
// begins with 1.
type population struct {
	database *database
	size     int
	tokens   []string // refresh tokens by number, "" for the one that was filled in
}

// fill makes a population in a database that has been migrated.
func fill(ctx context.Context, d *database, size int) (*population, error) {
	hash := passwordHash()
	statements := append([]string{"SET maintenance_work_mem = '256MB'", secrets, unindex},
		fmt.Sprintf(fillUsers, size, hash), liveIn, fmt.Sprintf(fillSessions, size, patEvery), fmt.Sprintf(fillRest, size, expiredRows), index, settle, "VACUUM ANALYZE")
	if err := execute(ctx, d.url, statements...); err != nil {
		return nil, fmt.Errorf("fill %d users in: %w", size, err)
	}
	_ = execute(ctx, d.url, "CHECKPOINT") // so that none comes while something is measured; not every role may
	unix.Sync()
	return &population{database: d, size: size, tokens: make([]string, size+1)}, nil
}

// passwordHash is that of cost.Password with hexauth's parameters, as a PHC string.
func passwordHash() string {
	salt := []byte("sixteen bytes of")
	encode := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=19456,t=2,p=1$" + encode(salt) + "$" + encode(argon2.IDKey([]byte(cost.Password), salt, 2, 19456, 1, 32))
}

// secretOf is what pg_temp.secret makes of the same.
func secretOf(kind string, n int) string {
	sum := md5.Sum(fmt.Appendf(nil, "%s %d", kind, n))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x0f|0x80 // RFC 9562 §5.4
	text := hex.EncodeToString(sum[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func emailOf(n int) string { return fmt.Sprintf("person.%d@example.com", n) }

// visitor is one client; it visits as users whom no other visits as.
type visitor struct {
	*population
	active      int // how many users come at all; they are spread over the whole table
	first, step int // of whom it visits as these: first, first+step, …
	random      *rand.Rand
}

// visitors divides those who come between n clients.
func (p *population) visitors(n, active int) []*visitor {
	all := make([]*visitor, n)
	for i := range all {
		all[i] = &visitor{population: p, active: min(active, p.size), first: i, step: n, random: rand.New(rand.NewPCG(uint64(p.size), uint64(i)))}
	}
	return all
}

// pick chooses one of the visitor's users.
func (v *visitor) pick() int {
	chosen := v.first + v.step*v.random.IntN((v.active-1-v.first)/v.step+1)
	return 1 + chosen*(v.size/v.active)
}

// refresh is POST /token for a user who is chosen anew each time.
func (v *visitor) refresh(c *cost.Client) (func() error, error) {
	return func() error {
		_, err := v.session(c, v.pick())
		return err
	}, nil
}

func (v *visitor) session(c *cost.Client, n int) (cost.Session, error) {
	token := v.tokens[n]
	if token == "" {
		token = secretOf("session", n)
	}
	session, err := c.Refresh(token)
	if err == nil {
		v.tokens[n] = session.RefreshToken
	}
	return session, err
}

// sessionsKept is as how many users a visitor goes on who does not refresh.
const sessionsKept = 32

// with is a request with an access token, by turns of a few users.
func (v *visitor) with(call func(c *cost.Client, accessToken string) error) func(*cost.Client) (func() error, error) {
	return func(c *cost.Client) (func() error, error) {
		tokens := make([]string, sessionsKept)
		for i := range tokens {
			session, err := v.session(c, v.pick())
			if err != nil {
				return nil, err
			}
			tokens[i] = session.AccessToken
		}
		next := 0
		return func() error {
			next = (next + 1) % len(tokens)
			return call(c, tokens[next])
		}, nil
	}
}

// get is a GET with an access token.
func (v *visitor) get(path string) func(*cost.Client) (func() error, error) {
	return v.with(func(c *cost.Client, accessToken string) error {
		_, err := c.Call(http.StatusOK, http.MethodGet, path, accessToken, nil)
		return err
	})
}

func (v *visitor) verify(c *cost.Client) (func() error, error) {
	return v.with(func(c *cost.Client, accessToken string) error {
		_, err := c.Call(http.StatusOK, http.MethodPost, "/token/verify", "", map[string]string{"token": accessToken})
		return err
	})(c)
}

// post is a POST whose body is that of a user who is chosen anew each time.
func (v *visitor) post(path string, body func(n int) map[string]string) func(*cost.Client) (func() error, error) {
	return func(c *cost.Client) (func() error, error) {
		return func() error {
			_, err := c.Call(http.StatusOK, http.MethodPost, path, "", body(v.pick()))
			return err
		}, nil
	}
}

func byEmail(n int) map[string]string { return map[string]string{"email": emailOf(n)} }

func byPassword(n int) map[string]string {
	return map[string]string{"email": emailOf(n), "password": cost.Password}
}

// byPAT takes the nearest user below who has a token, or the first.
func byPAT(n int) map[string]string {
	return map[string]string{"personalAccessToken": secretOf("pat", max(n/patEvery*patEvery, patEvery))}
}

// prepare makes an operation ready that can be repeated: as this visitor does it, or else as package cost does.
func (v *visitor) prepare(o cost.Operation, c *cost.Client) (func() error, error) {
	switch o.Name {
	case cost.Refresh, claimsName:
		return v.refresh(c)
	case cost.GetUser, "GET /user/sessions":
		return v.get(pathOf(o))(c)
	case cost.VerifyToken:
		return v.verify(c)
	case cost.SignIn:
		return v.post(pathOf(o), byPassword)(c)
	case cost.SignInPAT:
		return v.post(pathOf(o), byPAT)(c)
	case "GET /admin/users, a search":
		return func() error {
			_, err := c.Call(http.StatusOK, http.MethodGet, "/admin/users?limit=10&search=ada", "", nil)
			return err
		}, nil
	case cost.StartOTP, cost.StartLink, cost.StartReset:
		return v.post(pathOf(o), byEmail)(c)
	}
	return o.Prepare(c)
}

func pathOf(o cost.Operation) string { return o.Name[strings.Index(o.Name, "/"):] }
