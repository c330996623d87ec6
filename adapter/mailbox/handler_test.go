package mailbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/mailbox"
	"github.com/hexauth/hexauth/domain"
)

const (
	pagePath     = "/dev/mailbox"
	messagesPath = "/dev/mailbox/messages"
)

// ask sends a request from this machine to localhost; changes make it another one.
func ask(box *mailbox.Mailbox, method, path string, changes ...func(*http.Request)) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	request.Host, request.RemoteAddr = "localhost:4000", "127.0.0.1:50000"
	for _, change := range changes {
		change(request)
	}
	recorder := httptest.NewRecorder()
	box.Handler(pagePath).ServeHTTP(recorder, request)
	return recorder
}

func from(remote string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = remote }
}

func to(host string) func(*http.Request) {
	return func(r *http.Request) { r.Host = host }
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func requireRefused(t *testing.T, response *httptest.ResponseRecorder, message string) {
	t.Helper()
	require.Equal(t, http.StatusForbidden, response.Code)
	require.JSONEq(t, fmt.Sprintf(`{"status":403,"error":"forbidden","message":%q}`, message), response.Body.String())
}

func received(t *testing.T, response *httptest.ResponseRecorder) []mailbox.Message {
	t.Helper()
	require.Equal(t, http.StatusOK, response.Code)
	require.Equal(t, "application/json; charset=utf-8", response.Header().Get("Content-Type"))
	messages := []mailbox.Message{}
	require.NoError(t, json.Unmarshal(response.Body.Bytes(), &messages))
	return messages
}

func TestHandler_ListsMessagesAsJSON(t *testing.T) {
	box := newMailbox()
	send(t, box, mail("1", "jane@example.com"))
	require.JSONEq(t, `[{
		"id": "1", "kind": "email", "to": "jane@example.com", "template": "email-verify", "locale": "fr", "subject": "Vérifiez",
		"link": "http://localhost:4000/verify?ticket=verifyEmail%3A1&type=emailVerify", "ticket": "verifyEmail:1",
		"redirectTo": "http://localhost:3000", "text": "Bonjour", "html": "<p>Bonjour & bienvenue</p>",
		"headers": {
			"To": "jane@example.com", "Subject": "Vérifiez", "Date": "Sun, 01 Mar 2026 12:00:01 +0000", "X-Email-Template": "email-verify",
			"X-Link": "http://localhost:4000/verify?ticket=verifyEmail%3A1&type=emailVerify", "X-Ticket": "verifyEmail:1",
			"X-Redirect-To": "http://localhost:3000"
		},
		"receivedAt": "2026-03-01T12:00:01Z"
	}]`, ask(box, "GET", messagesPath).Body.String())
}

func TestHandler_ListsAnEmptyMailboxAsAnArray(t *testing.T) {
	require.Equal(t, "[]\n", ask(newMailbox(), "GET", messagesPath).Body.String())
}

func TestHandler_NarrowsTheListToARecipient(t *testing.T) {
	box := newMailbox()
	send(t, box, mail("1", "jane@example.com"), mail("2", "bob@example.com"), sms("3", "+41791234567", "123456"), mail("4", "jane@example.com"))
	require.Equal(t, []string{"4", "3", "2", "1"}, ids(received(t, ask(box, "GET", messagesPath))))
	require.Equal(t, []string{"4", "1"}, ids(received(t, ask(box, "GET", messagesPath+"?to=Jane@Example.com"))))
	require.Equal(t, []string{"3"}, ids(received(t, ask(box, "GET", messagesPath+"?to=%2B41791234567"))))
	require.Equal(t, []string{}, ids(received(t, ask(box, "GET", messagesPath+"?to=jane"))))
}

func TestHandler_SaysWhenNothingHasChanged(t *testing.T) {
	box := newMailbox()
	tag := ask(box, "GET", messagesPath).Header().Get("ETag")
	require.NotEmpty(t, tag)
	same := ask(box, "GET", messagesPath, with("If-None-Match", tag))
	require.Equal(t, http.StatusNotModified, same.Code)
	require.Empty(t, same.Body.String())
	send(t, box, mail("1", "jane@example.com"))
	changed := ask(box, "GET", messagesPath, with("If-None-Match", tag))
	require.Equal(t, []string{"1"}, ids(received(t, changed)))
	box.Empty()
	require.Equal(t, []string{}, ids(received(t, ask(box, "GET", messagesPath, with("If-None-Match", changed.Header().Get("ETag"))))))
}

func TestHandler_TagsOfAnEarlierProcessMeanNothing(t *testing.T) {
	earlier, later := newMailbox(), mailbox.New(&ticking{next: noon.Add(1)})
	tag := ask(earlier, "GET", messagesPath).Header().Get("ETag")
	require.Equal(t, http.StatusOK, ask(later, "GET", messagesPath, with("If-None-Match", tag)).Code)
}

func TestHandler_EmptiesOnDelete(t *testing.T) {
	for _, path := range []string{pagePath, messagesPath} {
		box := newMailbox()
		send(t, box, mail("1", "jane@example.com"))
		response := ask(box, "DELETE", path)
		require.Equal(t, http.StatusNoContent, response.Code)
		require.Empty(t, response.Body.String())
		require.Empty(t, box.Messages(), path)
	}
}

func TestHandler_ServesThePageAndAllThatItNames(t *testing.T) {
	for _, path := range []string{pagePath, pagePath + "/"} {
		response := ask(newMailbox(), "GET", path)
		require.Equal(t, http.StatusOK, response.Code)
		require.Equal(t, "text/html; charset=utf-8", response.Header().Get("Content-Type"))
		named := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(response.Body.String(), -1)
		require.Len(t, named, 5)
		for _, asset := range named {
			require.Equal(t, http.StatusOK, ask(newMailbox(), "GET", asset[1]).Code, asset[1])
		}
	}
	for path, contentType := range map[string]string{
		"/mailbox.css": "text/css; charset=utf-8", "/mailbox.js": "text/javascript; charset=utf-8", "/icon.svg": "image/svg+xml",
	} {
		require.Equal(t, contentType, ask(newMailbox(), "GET", pagePath+path).Header().Get("Content-Type"))
	}
}

func TestHandler_ThePageNeedsNothingFromElsewhere(t *testing.T) {
	for _, path := range []string{"", "/mailbox.css", "/mailbox.js"} {
		body := ask(newMailbox(), "GET", pagePath+path).Body.String()
		require.NotRegexp(t, `https?://\w`, body, path)
		require.NotContains(t, body, "@import", path)
	}
	page := ask(newMailbox(), "GET", pagePath).Body.String()
	require.NotRegexp(t, `<style|\sstyle=|\son\w+=|<script(?: type="module")?>`, page, "inline code would need another policy")
}

func TestHandler_TheFrameOfMailsIsSandboxed(t *testing.T) {
	page := ask(newMailbox(), "GET", pagePath).Body.String()
	frames := regexp.MustCompile(`<iframe[^>]*>`).FindAllString(page, -1)
	require.Len(t, frames, 1)
	require.Contains(t, frames[0], ` sandbox="allow-popups allow-popups-to-escape-sandbox" `)
	require.NotContains(t, page+ask(newMailbox(), "GET", pagePath+"/mailbox.js").Body.String(), "allow-scripts")
}

func TestHandler_TheScriptNeverWritesHTMLIntoThePage(t *testing.T) {
	script := ask(newMailbox(), "GET", pagePath+"/mailbox.js").Body.String()
	require.NotRegexp(t, `innerHTML|outerHTML\s*=[^=]|insertAdjacentHTML|document\.write|setHTML|\beval\b|new Function`, script)
	require.Equal(t, 1, strings.Count(script, ".srcdoc = "))
}

func TestHandler_HostileMailsStayOutOfThePage(t *testing.T) {
	box, hostile := newMailbox(), mail("</script><script>alert(1)</script>", `"><script>alert(2)</script>@example.com`)
	hostile.Link, hostile.Subject = "javascript:alert(3)", "<img src=x onerror=alert(4)>"
	hostile.HTML, hostile.Text = "<script>alert(5)</script>", "</pre><script>alert(6)</script>"
	clean := ask(box, "GET", pagePath).Body.String()
	send(t, box, hostile)
	require.Equal(t, clean, ask(box, "GET", pagePath).Body.String())

	response := ask(box, "GET", messagesPath)
	require.Equal(t, "nosniff", response.Header().Get("X-Content-Type-Options"))
	require.Equal(t, box.Messages(), received(t, response))
}

func TestHandler_EscapesThePrefix(t *testing.T) {
	request := httptest.NewRequest("GET", "/", nil)
	request.URL.Path, request.Host, request.RemoteAddr = `/"><script>`, "localhost", "127.0.0.1:50000"
	recorder := httptest.NewRecorder()
	newMailbox().Handler(`/"><script>/`).ServeHTTP(recorder, request)
	require.Equal(t, http.StatusOK, recorder.Code)
	require.NotContains(t, recorder.Body.String(), `"><script>`)
}

func TestHandler_EveryAnswerIsHardened(t *testing.T) {
	for name, response := range map[string]*httptest.ResponseRecorder{
		"page":     ask(newMailbox(), "GET", pagePath),
		"messages": ask(newMailbox(), "GET", messagesPath),
		"script":   ask(newMailbox(), "GET", pagePath+"/mailbox.js"),
		"emptied":  ask(newMailbox(), "DELETE", messagesPath),
		"nothing":  ask(newMailbox(), "GET", pagePath+"/nothing"),
		"refused":  ask(newMailbox(), "GET", pagePath, from("192.0.2.1:50000")),
	} {
		header := response.Header()
		require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", header.Get("Content-Security-Policy"), name)
		require.Equal(t, "DENY", header.Get("X-Frame-Options"), name)
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), name)
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"), name)
		require.Equal(t, "no-store", header.Get("Cache-Control"), name)
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"), name)
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Opener-Policy"), name)
	}
}

func TestHandler_TakesBackTheCORSHeadersOfTheAPI(t *testing.T) {
	request := httptest.NewRequest("GET", messagesPath, nil)
	request.Host, request.RemoteAddr = "localhost:4000", "127.0.0.1:50000"
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Access-Control-Allow-Origin", "http://localhost:3000")
	recorder.Header().Set("Access-Control-Allow-Credentials", "true")
	newMailbox().Handler(pagePath).ServeHTTP(recorder, request)
	require.Equal(t, http.StatusOK, recorder.Code)
	for name := range recorder.Header() {
		require.NotContains(t, name, "Access-Control")
	}
}

func TestHandler_AnswersOnlyThisMachine(t *testing.T) {
	for _, remote := range []string{"127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
		require.Equal(t, http.StatusOK, ask(newMailbox(), "GET", pagePath, from(remote)).Code, remote)
	}
	for _, remote := range []string{
		"192.0.2.1:1", "10.0.0.1:1", "172.17.0.1:1", "0.0.0.0:1", "[::]:1", "[fe80::1%lo]:1", "[::ffff:10.0.0.1]:1", "localhost:1", "127.0.0.1", "@", "",
	} {
		for _, path := range []string{pagePath, messagesPath, pagePath + "/mailbox.js", "/elsewhere"} {
			requireRefused(t, ask(newMailbox(), "GET", path, from(remote)), "The mailbox answers only this machine")
		}
	}
}

func TestHandler_DoesNotAnswerThroughAProxyOnThisMachine(t *testing.T) {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-IP"} {
		requireRefused(t, ask(newMailbox(), "GET", messagesPath, with(name, "127.0.0.1")), "The mailbox does not answer through a proxy")
	}
}

func TestHandler_AnswersOnlyToNamesThatCannotBeRebound(t *testing.T) {
	for _, host := range []string{"localhost", "localhost:4000", "LocalHost:80", "127.0.0.1", "127.0.0.1:4000", "[::1]", "[::1]:4000", "auth.localhost", "a.b.localhost:4000"} {
		require.Equal(t, http.StatusOK, ask(newMailbox(), "GET", messagesPath, to(host)).Code, host)
	}
	for _, host := range []string{
		"", "evil.example", "evil.example:4000", "localhost.evil.example", "127.0.0.1.evil.example", "evillocalhost", "localhost.", "127.0.0.1:4000.evil.example",
		"localhost:4000@evil.example", "127.1", "0.0.0.0:4000", "192.168.1.2:4000", "::1", "[::1].evil.example", "evil.example/.localhost:x",
	} {
		box := newMailbox()
		send(t, box, mail("1", "jane@example.com"))
		requireRefused(t, ask(box, "GET", messagesPath, to(host)), "The mailbox answers only as localhost")
		requireRefused(t, ask(box, "DELETE", messagesPath, to(host)), "The mailbox answers only as localhost")
		require.Len(t, box.Messages(), 1, host)
	}
}

func TestHandler_PagesOfOtherOriginsMayNeitherReadNorDelete(t *testing.T) {
	const reason = "The mailbox does not talk to pages of other origins"
	for _, foreign := range [][]func(*http.Request){
		{with("Sec-Fetch-Site", "cross-site")},
		{with("Sec-Fetch-Site", "same-site"), with("Origin", "http://localhost:3000")}, // another port
		{with("Sec-Fetch-Site", "cross-site"), with("Origin", "http://localhost:4000")},
		{with("Origin", "http://localhost:3000")},
		{with("Origin", "https://evil.example")},
		{with("Origin", "null")},
		{with("Origin", "http://localhost:4000.evil.example")},
	} {
		box := newMailbox()
		send(t, box, mail("1", "jane@example.com"))
		requireRefused(t, ask(box, "GET", messagesPath, foreign...), reason)
		requireRefused(t, ask(box, "GET", pagePath+"/mailbox.js", foreign...), reason)
		requireRefused(t, ask(box, "DELETE", messagesPath, foreign...), reason)
		requireRefused(t, ask(box, "DELETE", pagePath, foreign...), reason)
		require.Len(t, box.Messages(), 1)
		require.Equal(t, http.StatusOK, ask(box, "GET", pagePath, foreign...).Code, "a link to the page works")
	}
}

func TestHandler_ItsOwnPageAndProgramsMayReadAndDelete(t *testing.T) {
	for _, own := range [][]func(*http.Request){
		{},
		{with("Sec-Fetch-Site", "same-origin"), with("Origin", "http://localhost:4000")},
		{with("Sec-Fetch-Site", "none")},
		{with("Origin", "http://localhost:4000")},
		{with("Origin", "https://localhost:4000")},
	} {
		box := newMailbox()
		send(t, box, mail("1", "jane@example.com"))
		require.Equal(t, []string{"1"}, ids(received(t, ask(box, "GET", messagesPath, own...))))
		require.Equal(t, http.StatusNoContent, ask(box, "DELETE", messagesPath, own...).Code)
		require.Empty(t, box.Messages())
	}
}

func TestHandler_RefusesOtherMethodsAndPaths(t *testing.T) {
	for _, path := range []string{pagePath, messagesPath} {
		for _, method := range []string{"POST", "PUT", "PATCH", "OPTIONS"} {
			response := ask(newMailbox(), method, path)
			require.Equal(t, http.StatusMethodNotAllowed, response.Code)
			require.Equal(t, "GET, HEAD, DELETE", response.Header().Get("Allow"))
			require.JSONEq(t, `{"status":405,"error":"method-not-allowed","message":"This path does not have that method"}`, response.Body.String())
		}
	}
	for _, path := range []string{"/", "/dev", "/dev/mailboxes", pagePath + "/page", pagePath + "/mailbox.html", pagePath + "/../mailbox.go", messagesPath + "/1", "/messages"} {
		response := ask(newMailbox(), "GET", path)
		require.Equal(t, http.StatusNotFound, response.Code, path)
		require.JSONEq(t, `{"status":404,"error":"not-found","message":"There is nothing at this path"}`, response.Body.String())
	}
}

func TestHandler_FilesOfThePageAreThereToBeReadOnly(t *testing.T) {
	require.Equal(t, http.StatusOK, ask(newMailbox(), "HEAD", pagePath+"/mailbox.js").Code)
	require.Equal(t, http.StatusNotFound, ask(newMailbox(), "DELETE", pagePath+"/mailbox.js").Code)
}

func TestHandler_ErrorsCarryTheRequestIDWhenThereIsOne(t *testing.T) {
	request := httptest.NewRequest("GET", pagePath+"/nothing", nil)
	request.Host, request.RemoteAddr = "localhost:4000", "127.0.0.1:50000"
	recorder := httptest.NewRecorder()
	recorder.Header().Set("X-Request-Id", "r-1")
	newMailbox().Handler(pagePath).ServeHTTP(recorder, request)
	require.JSONEq(t, `{"status":404,"error":"not-found","message":"There is nothing at this path","requestId":"r-1"}`, recorder.Body.String())
}

func TestHandler_ServesWhileMailsComeIn(t *testing.T) {
	box := newMailbox()
	server := httptest.NewServer(box.Handler(pagePath)) // a real listener, on 127.0.0.1
	defer server.Close()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 25 {
				_ = box.Send(t.Context(), mail(fmt.Sprintf("%d-%d", worker, i), "jane@example.com"))
				response, err := http.Get(server.URL + messagesPath)
				if err == nil {
					_ = response.Body.Close()
				}
			}
		})
	}
	all.Wait()
	response, err := http.Get(server.URL + messagesPath)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	var messages []struct {
		Kind     mailbox.Kind    `json:"kind"`
		Template domain.Template `json:"template"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&messages))
	require.Len(t, messages, 100)
}
