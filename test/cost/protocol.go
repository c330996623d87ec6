package cost

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
)

// The codes of first messages that are no startup (PostgreSQL manual, 55.7: CancelRequest, SSLRequest, GSSENCRequest).
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

// maxMessage bounds a message of a client, in bytes. The largest metadata an API request can carry is far below.
const maxMessage = 16 << 20

// pingText is what pgx sends to see whether a connection that was idle is still alive.
const pingText = "-- ping"

var errMessage = errors.New("cost: not a message of PostgreSQL's protocol")

// readFirst reads a connection's first message, which has no type byte, and its code. TLS and GSS encryption are declined:
// what passes must be readable.
func readFirst(client io.ReadWriter) (code uint32, message []byte, err error) {
	for {
		body, err := readBody(client)
		if err != nil || len(body) < 4 {
			return 0, nil, errors.Join(errMessage, err)
		}
		code = binary.BigEndian.Uint32(body)
		if code != sslRequest && code != gssRequest {
			return code, append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...), nil
		}
		if _, err := client.Write([]byte{'N'}); err != nil {
			return 0, nil, err
		}
	}
}

// readBody reads a length, which counts itself, and what follows it.
func readBody(r io.Reader) ([]byte, error) {
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	if length < 4 || length > maxMessage {
		return nil, fmt.Errorf("%w: a length of %d", errMessage, length)
	}
	body := make([]byte, length-4)
	_, err := io.ReadFull(r, body)
	return body, err
}

// conversation is what must be remembered of one connection to know what a client's messages mean.
type conversation struct {
	answered   atomic.Bool       // the server has sent something since the last message of the client
	statements map[string]string // texts by the names of prepared statements
	portals    map[string]string // texts by the names of portals
	preparing  bool              // since the last Sync a request's statement was prepared and none executed
}

func newConversation() *conversation {
	return &conversation{statements: map[string]string{}, portals: map[string]string{}}
}

// note is what one message of the client asks for.
type note struct {
	trip      bool // the client had waited for an answer before it
	executes  bool
	statement string
	prepares  bool // it ends a round trip that prepared a statement and executed none
	ping      bool
	worker    bool // of a job in the background, whose time comes when it comes
}

// workerTexts are how the statements of the outbox's worker, of the clean-up, of the audit log's worker, of the look for secrets in clear and of that at the clock begin. No
// request's do.
func workerTexts() []string {
	return []string{"WITH silent AS", "WITH due AS", "UPDATE auth.hexauth_outbox SET last_error", "DELETE FROM auth.hexauth_outbox",
		"INSERT INTO auth.hexauth_events AS gathered", "WITH expired AS MATERIALIZED", "SELECT id, totp_secret FROM auth.users", "SELECT clock_timestamp()"}
}

// read takes one message of the client (PostgreSQL manual, 55.7) and says what it asks for.
func (c *conversation) read(kind byte, body []byte) note {
	if kind == 'p' || kind == 'X' { // a password, the end
		return note{}
	}
	n := note{trip: c.answered.Swap(false)}
	var text string
	switch kind {
	case 'P': // Parse: name, text
		name, rest := cString(body)
		text, _ = cString(rest)
		c.statements[name] = text
		c.preparing = !ofWorker(text)
	case 'B': // Bind: portal, name
		portal, rest := cString(body)
		name, _ := cString(rest)
		text = c.statements[name]
		c.portals[portal] = text
	case 'E': // Execute: portal
		portal, _ := cString(body)
		text = c.portals[portal]
		n.executes, n.statement = true, text
		c.preparing = false
	case 'S': // Sync
		n.prepares, c.preparing = c.preparing, false
	case 'Q': // Query: text
		text, _ = cString(body)
		n.executes, n.statement = true, text
		n.ping = text == pingText
	}
	n.worker = ofWorker(text)
	return n
}

func ofWorker(text string) bool {
	return slices.ContainsFunc(workerTexts(), func(beginning string) bool { return strings.HasPrefix(text, beginning) })
}

func cString(b []byte) (text string, rest []byte) {
	head, rest, _ := bytes.Cut(b, []byte{0})
	return string(head), rest
}
