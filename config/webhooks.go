package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// Webhook is one entry of AUTH_WEBHOOKS. Printing or marshalling it reveals nothing: a URL can be a secret, too.
type Webhook struct {
	URL    string
	Secret []byte // the key of signatures
	Events []domain.EventFilter
}

// Webhooks are the entries of AUTH_WEBHOOKS.
type Webhooks []Webhook

// Name is how an entry is called where its URL must not be shown: the host, and a few digits that tell entries apart.
func (w Webhook) Name() string {
	host := ""
	if parsed, err := url.Parse(w.URL); err == nil {
		host = parsed.Host
	}
	sum := sha256.Sum256([]byte(w.URL))
	return host + "#" + hex.EncodeToString(sum[:4])
}

// Format keeps secrets out of anything printed with the fmt package.
func (w Webhooks) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("config.Webhooks(hidden)")) }

// Format keeps secrets out of anything printed with the fmt package.
func (w Webhook) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("config.Webhook(hidden)")) }

// MarshalJSON keeps secrets out of JSON.
func (w Webhook) MarshalJSON() ([]byte, error) { return []byte(`"config.Webhook(hidden)"`), nil }

const (
	webhooksVariable = "AUTH_WEBHOOKS"
	webhooksWanted   = `must be a JSON list such as [{"url":"https://hooks.example.com/auth","secret":"whsec_…","events":["sign_in","user.deleted"]}]`
	// The sizes of keys are those of Standard Webhooks, in bytes.
	leastWebhookKey, mostWebhookKey = 24, 64
)

// parseWebhooks reads the variable. Its error is of type mistakes and repeats no part of the text.
func parseWebhooks(text string) (Webhooks, error) {
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		return nil, mistakes{webhooksWanted}
	}
	var list Webhooks
	var found mistakes
	for i, entry := range entries {
		hook, problems := readWebhook(entry)
		if slices.ContainsFunc(list, func(earlier Webhook) bool { return earlier.URL == hook.URL }) {
			problems = append(problems, "url is that of an earlier entry")
		}
		for _, problem := range problems {
			found = append(found, fmt.Sprintf("entry %d: %s", i+1, problem))
		}
		list = append(list, hook)
	}
	if found != nil {
		return nil, found
	}
	return list, nil
}

func readWebhook(entry map[string]json.RawMessage) (w Webhook, found mistakes) {
	members := []string{"url", "secret", "events"}
	for name := range entry {
		if !slices.Contains(members, name) {
			return w, mistakes{"has a member that is none of " + strings.Join(members, ", ")}
		}
	}
	var secret string
	var events []string
	for _, member := range []struct {
		name, kind string
		into       any
	}{{"url", "a string", &w.URL}, {"secret", "a string", &secret}, {"events", "a list of strings", &events}} {
		if raw, ok := entry[member.name]; ok && !strictly(raw, member.into) {
			found = append(found, member.name+" must be "+member.kind)
		}
	}
	if found != nil {
		return w, found
	}
	if parsed, err := url.Parse(w.URL); err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Hostname() == "" || parsed.User != nil ||
		strings.ContainsAny(w.URL, "# \\") {
		found = append(found, "url must be an https URL without user and fragment")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < leastWebhookKey || len(key) > mostWebhookKey {
		found = append(found, fmt.Sprintf(`secret must be %d to %d bytes in base64 with whsec_ before it, for example from: echo "whsec_$(openssl rand -base64 32)"`,
			leastWebhookKey, mostWebhookKey))
	}
	w.Secret = key
	for _, text := range events {
		filter, known := domain.ParseEventFilter(text)
		if !known || text == "" {
			found = append(found, "events must be kinds of events such as sign_in.failed, or what stands before the full stop, see audit.md")
			break
		}
		w.Events = append(w.Events, filter)
	}
	return w, found
}

// checkWebhooks refuses receivers to whom events would travel in clear.
func (l *loader) checkWebhooks() {
	for i, w := range l.cfg.Webhooks {
		parsed, err := url.Parse(w.URL)
		if err == nil && parsed.Scheme == "http" && !isLoopback(parsed.Hostname()) && !l.cfg.WebhooksPrivate {
			l.unsafe(webhooksVariable, fmt.Sprintf("entry %d: url: %s", i+1, plainHTTP))
		}
	}
}
