package hostile_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexauth/hexauth/adapter/captcha"
	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/adapter/hasura"
	"github.com/hexauth/hexauth/adapter/hibp"
	"github.com/hexauth/hexauth/adapter/modica"
	"github.com/hexauth/hexauth/adapter/oauth"
	"github.com/hexauth/hexauth/adapter/oidc"
	"github.com/hexauth/hexauth/adapter/postmark"
	"github.com/hexauth/hexauth/adapter/smsgateway"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/twilio"
	"github.com/hexauth/hexauth/adapter/webhook"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/hostile"
	"github.com/hexauth/hexauth/test/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 300 * time.Millisecond // of adapters that can be told
	message  = "your code is 493817"
)

// asking is an adapter with an HTTP client: ask has it ask the server at url, and returns its error.
type asking struct {
	name string
	// limit is after how long it gives up by itself. Those that are asked in somebody's request end with it, too.
	limit time.Duration
	// indifferent: what the answer says does not matter, so it may count as good whatever it is.
	indifferent bool
	ask         func(ctx context.Context, t *testing.T, url string, client *http.Client) error
}

func sms() domain.Mail {
	return domain.Mail{Message: domain.Message{To: "+12025550123", Locale: "en"}, Text: message}
}

// adapters are all of them.
func adapters() []asking {
	list := []asking{
		{name: "hibp", limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			p, err := hibp.New(hibp.Options{BaseURL: url, Timeout: patience, Client: client})
			require.NoError(t, err)
			_, err = p.Contains(ctx, "password")
			return err
		}},
		{name: "modica", limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			s, err := modica.New(modica.Options{BaseURL: url, Username: "u", Password: "p", Timeout: patience, Client: client})
			require.NoError(t, err)
			return s.SendSMS(ctx, sms())
		}},
		{name: "smsgateway", limit: patience, indifferent: true, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			g, err := smsgateway.New(smsgateway.Options{URL: url, Template: `["${to}","${text}"]`, Timeout: patience, Client: client})
			require.NoError(t, err)
			return g.SendSMS(ctx, sms())
		}},
		{name: "twilio", limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			s, err := twilio.NewSender(twilio.Options{AccountSID: "AC1", AuthToken: "t", ServiceID: "+12025550100", BaseURL: url, Timeout: patience, Client: client})
			require.NoError(t, err)
			return s.SendSMS(ctx, sms())
		}},
		{name: "twilio verify", limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			v, err := twilio.NewVerifier(twilio.Options{
				AccountSID: "AC1", AuthToken: "t", ServiceID: "VA00000000000000000000000000000003", BaseURL: url, Timeout: patience, Client: client,
			})
			require.NoError(t, err)
			_, err = v.CheckVerification(ctx, "+12025550123", "493817")
			return err
		}},
		{name: "postmark", limit: patience, indifferent: true, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			m, err := postmark.New(postmark.Options{BaseURL: url, Token: "t", Sender: "noreply@example.com", Timeout: patience, Client: client})
			require.NoError(t, err)
			return m.Send(ctx, domain.Mail{Message: domain.Message{To: "jane@example.com", Template: domain.TemplateEmailVerify}})
		}},
		{name: "claims hook", limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			h, err := claims.NewHook(claims.HookOptions{URL: url, Key: []byte("key"), Client: client, Clock: system.Clock{}, Random: system.Random{}})
			require.NoError(t, err)
			return bounded(ctx, h)
		}},
		{name: "hasura claims", limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			path, err := domain.ParseClaimPath("plan")
			require.NoError(t, err)
			c, err := hasura.NewClaims(hasura.Options{URL: url + "/v1/graphql", Client: client}, map[string]domain.ClaimPath{"plan": path})
			require.NoError(t, err)
			return bounded(ctx, c)
		}},
		{name: "hasura metadata", limit: 30 * time.Second, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			m, err := hasura.NewMetadata(hasura.Options{URL: url + "/v1/metadata", Client: client})
			require.NoError(t, err)
			_, err = m.Apply(ctx)
			return err
		}},
		{name: "webhook", limit: 10 * time.Second, indifferent: true, ask: func(ctx context.Context, _ *testing.T, url string, _ *http.Client) error {
			s := webhook.New(webhook.Options{
				Receivers: map[string]webhook.Receiver{"r": {URL: url, Secret: []byte("secret")}}, Clock: system.Clock{}, Private: true,
				Encode: func(domain.Event) ([]byte, error) { return []byte("{}"), nil },
			})
			return s.Send(ctx, domain.Message{ID: "1", To: "r", Event: &domain.Event{}})
		}},
		{name: "oidc discovery", limit: 10 * time.Second, ask: func(ctx context.Context, _ *testing.T, url string, client *http.Client) error {
			i := oidc.NewIssuer(oidc.Settings{Name: "corp", Issuer: url, ClientID: "c"}, oidc.Options{Clock: system.Clock{}, Random: system.Random{}, Client: client})
			_, _, err := i.Begin(ctx, port.AuthorizationRequest{State: "s", RedirectURI: "https://auth.example.com"})
			return err
		}},
		{name: "oidc keys", limit: 10 * time.Second, ask: func(ctx context.Context, _ *testing.T, url string, client *http.Client) error {
			v := oidc.NewVerifier(oidc.Pinned{Name: "corp", Issuer: url, KeysURL: url, Audiences: []string{"c"}}, oidc.Options{Clock: system.Clock{}, Client: client})
			_, err := v.Verify(ctx, "a.b.c", "")
			return err
		}},
	}
	for _, provider := range []captcha.Provider{captcha.Turnstile, captcha.HCaptcha, captcha.ReCaptcha} {
		list = append(list, asking{name: "captcha " + string(provider), limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			v, err := captcha.New(captcha.Options{Provider: provider, Secret: "s", URL: url, Timeout: patience, Client: client})
			require.NoError(t, err)
			_, err = v.Check(ctx, "answer", "")
			return err
		}})
	}
	for _, name := range providers.Names() {
		list = append(list, asking{name: name, limit: patience, ask: func(ctx context.Context, t *testing.T, url string, client *http.Client) error {
			return visit(ctx, t, name, url, client)
		}})
	}
	return list
}

// bounded asks with the limits that the server puts around every source of claims.
func bounded(ctx context.Context, source port.CustomClaims) error {
	_, err := claims.NewBounded(source, claims.Options{Timeout: patience, Clock: system.Clock{}, Log: slog.New(slog.DiscardHandler)}).Of(ctx, "0b0e8a54-7c7c-4bd8-8b58-cd6a3b2a9f11")
	return err
}

// visit comes back from a provider. Twitter is asked before somebody goes there.
func visit(ctx context.Context, t *testing.T, name, url string, client *http.Client) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p, err := oauth.New(name, oauth.Settings{
		ClientID: "c", ClientSecret: "s", AuthorizationURL: url, TokenURL: url, ProfileURL: url, RequestTokenURL: url, AppleTeamID: "t", AppleKeyID: "k",
		ApplePrivateKey: key, AppleKeysURL: url,
	}, oauth.Options{Clock: system.Clock{}, Random: system.Random{}, Timeout: patience, Client: client})
	require.NoError(t, err)
	_, secret, err := p.Begin(ctx, port.AuthorizationRequest{State: "s", RedirectURI: "https://auth.example.com"})
	if err != nil {
		return err
	}
	_, _, err = p.Finish(ctx, port.ProviderCallback{Code: "code", RedirectURI: "https://auth.example.com"}, secret)
	return err
}

// all asks with every adapter at once and returns what they say, by name.
func all(t *testing.T, chosen []asking, url string, wait time.Duration) map[string]error {
	t.Helper()
	var asked sync.WaitGroup
	errs := make([]error, len(chosen))
	for i, a := range chosen {
		asked.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), wait) // as a request has it that waits for the answer
			defer cancel()
			errs[i] = a.ask(ctx, t, url, nil)
		})
	}
	asked.Wait()
	said := map[string]error{}
	for i, a := range chosen {
		require.True(t, errs[i] != nil || a.indifferent, a.name)
		said[a.name] = errs[i]
	}
	return said
}

func TestAdapters_WaitForNoSlowServer(t *testing.T) {
	for _, m := range hostile.Slow() {
		t.Run(m.Name, func(t *testing.T) {
			began := time.Now()
			for name, err := range all(t, adapters(), hostile.Serve(t, m).URL, 2*patience) {
				if err != nil {
					require.Less(t, len(err.Error()), 1000, name)
					require.NotContains(t, err.Error(), "493817", name)
				}
			}
			require.Less(t, time.Since(began), 20*time.Second, "the machine may be busy; the server would go on for an hour")
		})
	}
}

// silence never answers; half stops in the middle of its answer.
type silence struct{ half bool }

func (s silence) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.half {
		body := &stuck{ctx: r.Context()}
		return &http.Response{StatusCode: http.StatusBadRequest, Request: r, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}, nil
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// stuck is a body of one byte after which nothing comes.
type stuck struct {
	ctx  context.Context
	read bool
}

func (s *stuck) Read(p []byte) (int, error) {
	if !s.read {
		s.read = true
		return copy(p, "{"), nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (*stuck) Close() error { return nil }

// Where nobody hangs up, an adapter's own limit ends the waiting, to the moment. The sender of webhooks brings its own transport and is
// tried in its package.
func TestAdapters_GiveUpByThemselves(t *testing.T) {
	for _, a := range adapters() {
		if a.name == "webhook" {
			continue
		}
		for _, half := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, %t", a.name, half), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					err := a.ask(t.Context(), t, "http://server.example", &http.Client{Transport: silence{half}})
					require.True(t, err != nil || a.indifferent)
					require.LessOrEqual(t, time.Since(began), a.limit)
				})
			})
		}
	}
}

func TestAdapters_TakeNoMoreThanTheyNeed(t *testing.T) {
	for _, m := range hostile.Huge() {
		t.Run(m.Name, func(t *testing.T) {
			server := hostile.Serve(t, m)
			var before, after runtime.MemStats
			chosen := slices.DeleteFunc(adapters(), func(a asking) bool { return a.name == "hasura metadata" }) // see below
			runtime.ReadMemStats(&before)
			for name, err := range all(t, chosen, server.URL, 20*time.Second) {
				if err != nil {
					require.Less(t, len(err.Error()), 2000, name)
				}
			}
			runtime.ReadMemStats(&after)
			// All that was allocated, the server's part included: what was unpacked, read and decoded of a few answers each.
			require.Less(t, (after.TotalAlloc-before.TotalAlloc)/uint64(len(chosen)), uint64(10<<20))
		})
	}
}

// All metadata of an app can be large, and is no request's.
func TestMetadata_EndsAtItsLimit(t *testing.T) {
	m := hostile.Huge()[0]
	chosen := slices.DeleteFunc(adapters(), func(a asking) bool { return a.name != "hasura metadata" })
	all(t, chosen, hostile.Serve(t, m).URL, 20*time.Second)
	require.Less(t, m.Sent.Load(), int64(96<<20))
}
