package claims

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// maxHookAnswer bounds what is read of an answer, in bytes; what is good for a token is much less.
const maxHookAnswer = 64 << 10

// HookOptions say whom to ask.
type HookOptions struct {
	URL    string
	Key    []byte       // that questions are signed with
	Client *http.Client // nil for one of its own; it follows no redirects
	Clock  port.Clock
	Random port.Random
}

// Hook is a port.CustomClaims that asks the app itself: it posts {"type":"claims","timestamp":…,"userId":…}, signed as Standard Webhooks
// 1.0.0 says, and takes the JSON object of the answer for the claims.
type Hook struct {
	o      HookOptions
	client *http.Client
}

var _ port.CustomClaims = (*Hook)(nil)

// NewHook checks the options. It does not connect.
func NewHook(o HookOptions) (*Hook, error) {
	if _, ok := outgoing.ParseURL(o.URL); !ok || len(o.Key) == 0 {
		return nil, errors.New("a hook needs an http URL and a key")
	}
	return &Hook{o: o, client: outgoing.Direct(cmp.Or(o.Client, outgoing.Pooled()))}, nil
}

// Of implements port.CustomClaims.
func (h *Hook) Of(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	question, err := h.question(ctx, user)
	if err != nil {
		return nil, err
	}
	response, err := h.client.Do(question)
	if err != nil {
		return nil, fmt.Errorf("hook: %w", outgoing.Cause(err))
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("hook: status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxHookAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("hook: %w", err)
	}
	if len(body) > maxHookAnswer {
		return nil, fmt.Errorf("hook: the answer is longer than %d bytes", maxHookAnswer)
	}
	claims, err := decode(body)
	if err != nil {
		return nil, fmt.Errorf("hook: %w", err)
	}
	return claims, nil
}

func (h *Hook) question(ctx context.Context, user domain.UserID) (*http.Request, error) {
	now := h.o.Clock.Now()
	body, err := json.Marshal(struct {
		Type      string        `json:"type"`
		Timestamp string        `json:"timestamp"`
		UserID    domain.UserID `json:"userId"`
	}{"claims", now.UTC().Format(time.RFC3339), user})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.o.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("hook: the request can't be made")
	}
	id, timestamp := "msg_"+h.o.Random.UUID(), strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, h.o.Key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", timestamp)
	request.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return request, nil
}
