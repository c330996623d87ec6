package rest_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
)

// echoing is a mailbox that answers with the request that reached it.
func echoing(o *rest.Options) {
	o.Mailbox = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI())
	})
}

func mailboxPaths() []string {
	return []string{"/dev/mailbox", "/dev/mailbox/", "/dev/mailbox/messages", "/dev/mailbox/messages?to=jane@example.com", "/dev/mailbox/a/b"}
}

func TestMailbox_IsThereOnlyInDevelopment(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, path := range mailboxPaths() {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			c.refused(request{method: method, path: path}, http.StatusNotFound, domain.NotFound)
		}
	}
}

func TestMailbox_GetsEveryRequestBelowThePrefixUnchanged(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/v1"} {
		c := newClientWith(t, setup{options: func(o *rest.Options) {
			o.Prefix = prefix
			echoing(o)
		}})
		for _, path := range mailboxPaths() {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut} {
				got := c.serve(request{method: method, path: prefix + path}.http())
				require.Equal(t, http.StatusTeapot, got.status, path)
				require.Equal(t, method+" "+prefix+path, got.body)
				require.NotEmpty(t, got.header.Get("X-Request-Id"))
			}
			if prefix != "" {
				c.refused(request{method: http.MethodGet, path: path}, http.StatusNotFound, domain.NotFound)
			}
		}
		for _, path := range []string{"/dev", "/dev/", "/dev/mailboxes", "/mailbox", "/dev/mail"} {
			c.refused(request{method: http.MethodGet, path: prefix + path}, http.StatusNotFound, domain.NotFound)
		}
	}
}

// A panic in it ends as any other, and its line in the log has its route.
func TestMailbox_StandsBehindTheSameMiddleware(t *testing.T) {
	t.Parallel()
	c := newClientWith(t, setup{options: func(o *rest.Options) {
		o.Mailbox = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("mailbox") })
	}})
	got := c.serve(request{method: http.MethodGet, path: "/dev/mailbox/messages"}.http())
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.Equal(t, "Internal server error", got.failure().Message)
	require.Equal(t, "/dev/mailbox/*", c.log.lines(t, "request")[0]["route"])
}
