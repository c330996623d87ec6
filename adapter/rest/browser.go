package rest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
)

// browser is what is known of the browser that goes to a provider or comes back from it.
type browser struct {
	secret  domain.BrowserSecret // from its cookie; "" without one
	returns bool                 // a cookie that is set now would come along with the provider's answer
	keep    domain.BrowserSecret // to be set as its cookie; "" for none
}

// browsers gives browsers a cookie while they are at a provider.
//
// There is one cookie for all flows of a browser, so that those in several tabs don't disturb one another, and so that nobody can
// fill a browser with cookies. Apple has the browser post a form from its own site, which SameSite=Lax would send without the
// cookie. The prefix keeps other hosts of the domain from planting one (RFC 6265bis §4.1.3.2). Over plain http, which is for
// development, browsers take neither SameSite=None nor the prefix.
type browsers struct {
	server *url.URL // the public address of this server
}

const (
	browserCookie       = "hexauth"
	secureBrowserCookie = "__Host-hexauth"
)

// browserKey is the context's key for the request's browser.
type browserKey struct{}

// browserOf returns the browser of a request to one of the operations that bind names.
func browserOf(ctx context.Context) *browser { return ctx.Value(browserKey{}).(*browser) }

// bind is a middleware of the operations between which a browser is at a provider.
func (b browsers) bind(next api.StrictHandlerFunc, operation string) api.StrictHandlerFunc {
	switch operation {
	case "SignInProvider", "SignUpProvider", "SignInProviderCallbackGet", "SignInProviderCallbackPost":
	default:
		return next
	}
	return func(c echo.Context, request any) (any, error) {
		seen := b.see(c.Request())
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), browserKey{}, seen)))
		response, err := next(c, request)
		if seen.keep != "" {
			c.SetCookie(b.cookie(seen.keep))
		}
		return response, err
	}
}

// see reads the cookie. What is no secret of ours counts as none. Over plain http this machine has several names (localhost,
// 127.0.0.1), and a cookie of one is not sent to another.
func (b browsers) see(r *http.Request) *browser {
	asked := url.URL{Host: r.Host}
	seen := &browser{returns: b.secure() || asked.Hostname() == b.server.Hostname()} // cookies don't distinguish ports
	if cookie, err := r.Cookie(b.name()); err == nil && domain.BrowserSecret(cookie.Value).WellFormed() {
		seen.secret = domain.BrowserSecret(cookie.Value)
	}
	return seen
}

func (b browsers) cookie(secret domain.BrowserSecret) *http.Cookie {
	cookie := &http.Cookie{
		Name: b.name(), Value: string(secret), Path: "/", MaxAge: int(domain.ProviderStateLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if b.secure() {
		cookie.Secure, cookie.SameSite = true, http.SameSiteNoneMode
	}
	return cookie
}

func (b browsers) secure() bool { return b.server.Scheme == "https" }

func (b browsers) name() string {
	if b.secure() {
		return secureBrowserCookie
	}
	return browserCookie
}
