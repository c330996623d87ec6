package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	timeout        = 10 * time.Second // for all of an attempt
	dialTimeout    = 5 * time.Second
	maxHeaderBytes = 16 << 10
)

// Options are what a sender needs.
type Options struct {
	Receivers map[string]Receiver // by name
	Clock     port.Clock
	Encode    func(domain.Event) ([]byte, error) // the body
	Private   bool                               // receivers at addresses that are not public may be reached
	// Around returns a transport that does what via does, and looks on. nil: nobody does.
	Around func(via http.RoundTripper) http.RoundTripper
}

// Receiver is where events go.
type Receiver struct {
	URL    string
	Secret []byte // the key of signatures
}

// Sender implements port.Webhooks.
type Sender struct {
	options Options
	client  *http.Client
}

var _ port.Webhooks = (*Sender)(nil)

// New returns a sender.
func New(o Options) *Sender {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !o.Private {
		dialer.ControlContext = onlyPublic
	}
	var transport http.RoundTripper = &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: timeout,
		MaxResponseHeaderBytes: maxHeaderBytes, MaxConnsPerHost: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	if o.Around != nil {
		transport = o.Around(transport)
	}
	return &Sender{options: o, client: outgoing.Direct(&http.Client{Timeout: timeout, Transport: transport})}
}

var (
	errUnknown = errors.New("the receiver is not, or no longer, in AUTH_WEBHOOKS")
	errPrivate = errors.New("the address is not a public one")
)

// onlyPublic refuses to connect to whatever is not on the public internet. address is what the name was resolved to.
func onlyPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", errPrivate, err)
	}
	if !Public(target.Addr()) {
		return errPrivate
	}
	return nil
}

// Send implements port.Webhooks. Its errors hold neither the URL's path nor its query, which may be secrets, nor anything of the answer but
// its status.
func (s *Sender) Send(ctx context.Context, message domain.Message) error {
	receiver, known := s.options.Receivers[message.To]
	if !known || message.Event == nil {
		return errUnknown
	}
	body, err := s.options.Encode(*message.Event)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, receiver.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL can't be used")
	}
	at := strconv.FormatInt(s.options.Clock.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "hexauth")
	request.Header.Set("Webhook-Id", message.ID)
	request.Header.Set("Webhook-Timestamp", at)
	request.Header.Set("Webhook-Signature", "v1,"+Sign(receiver.Secret, message.ID, at, body))
	answer, err := s.client.Do(request)
	if err != nil {
		return outgoing.Cause(err)
	}
	_ = answer.Body.Close() // its body says nothing that matters, however long it is
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the receiver answered with status %d", answer.StatusCode)
	}
	return nil
}

// Sign returns the signature of a body in base64 (Standard Webhooks, "Signature scheme").
func Sign(secret []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Body writes what a receiver gets: data is the event.
func Body(event domain.Event, data any) ([]byte, error) {
	return json.Marshal(struct {
		Type      domain.EventKind `json:"type"`
		Timestamp time.Time        `json:"timestamp"`
		Data      any              `json:"data"`
	}{event.Kind, event.At, data})
}
