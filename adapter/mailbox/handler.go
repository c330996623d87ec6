package mailbox

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

//go:embed page
var files embed.FS

// contentSecurityPolicy binds the page and, because frames with srcdoc inherit it, the mails in it: no script but the page's own,
// nothing from other servers, no forms. Inline styles are for the mails, which need them; the page has none.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handler serves a mailbox below a prefix.
type handler struct {
	mailbox *Mailbox
	prefix  string // without a slash at its end
	page    string
}

// Handler serves the mailbox at prefix ("/dev/mailbox") and below. Requests must arrive with their path unchanged.
//
// It is meant for development and refuses with 403 whatever does not come from this machine; see the package's documentation.
// CORS headers that were set before it are removed, and its errors have the form of the API's, with the request's id where the
// response has an X-Request-Id.
func (m *Mailbox) Handler(prefix string) http.Handler {
	page, err := files.ReadFile("page/mailbox.html")
	if err != nil {
		panic(err) // embedded: it is there as it is in the tests
	}
	prefix = strings.TrimRight(prefix, "/")
	filled := strings.NewReplacer("{prefix}", html.EscapeString(prefix), "{capacity}", strconv.Itoa(capacity)).Replace(string(page))
	return handler{mailbox: m, prefix: prefix, page: filled}
}

// ServeHTTP implements http.Handler.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	harden(w.Header())
	if reason := refusal(r); reason != "" {
		fail(w, http.StatusForbidden, forbidden, reason)
		return
	}
	path, below := strings.CutPrefix(r.URL.Path, h.prefix)
	isPage := path == "" || path == "/"
	// A page elsewhere may link to this one, which tells it nothing; what is in it and below it is for this page alone.
	if !sameOrigin(r) && !(isPage && isRead(r)) {
		fail(w, http.StatusForbidden, forbidden, "The mailbox does not talk to pages of other origins")
		return
	}
	switch {
	case below && isPage:
		h.methods(w, r, h.servePage)
	case below && path == "/messages":
		h.methods(w, r, h.serveMessages)
	case below && isRead(r) && (path == "/mailbox.css" || path == "/mailbox.js" || path == "/icon.svg"):
		http.ServeFileFS(w, r, files, "page"+path)
	default:
		fail(w, http.StatusNotFound, domain.NotFound, "There is nothing at this path")
	}
}

// methods reads with read, empties the mailbox on DELETE, and refuses the rest.
func (h handler) methods(w http.ResponseWriter, r *http.Request, read http.HandlerFunc) {
	switch {
	case isRead(r):
		read(w, r)
	case r.Method == http.MethodDelete:
		h.mailbox.Empty()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, HEAD, DELETE")
		fail(w, http.StatusMethodNotAllowed, domain.MethodNotAllowed, "This path does not have that method")
	}
}

func (h handler) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, h.page) // fails only when the browser is gone
}

// serveMessages answers with a tag of the mailbox's state, so that a page that asks every second gets 304 most of the time.
func (h handler) serveMessages(w http.ResponseWriter, r *http.Request) {
	messages, revision := h.mailbox.snapshot(r.URL.Query().Get("to"))
	tag := fmt.Sprintf(`"%x-%x"`, h.mailbox.began.UnixNano(), revision)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeJSON(w, http.StatusOK, messages)
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// harden takes back what a middleware for the API allows, and keeps the answer out of frames, caches and other origins.
func harden(header http.Header) {
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") {
			header.Del(name)
		}
	}
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

// forbidden is no code of the API: the mailbox is not a part of it.
const forbidden domain.Code = "forbidden"

// fail answers in the form of the API's errors.
func fail(w http.ResponseWriter, status int, code domain.Code, message string) {
	writeJSON(w, status, struct {
		Status    int         `json:"status"`
		Error     domain.Code `json:"error"`
		Message   string      `json:"message"`
		RequestID string      `json:"requestId,omitempty"`
	}{status, code, message, w.Header().Get("X-Request-Id")})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // a link shall be fit to be copied from a terminal; no browser takes this for HTML (nosniff)
	_ = encoder.Encode(body)     // fails only when the client is gone
}
