package outgoing

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
)

// ParseURL reads the address of a service that an operator has configured: absolute, http or https.
func ParseURL(text string) (address *url.URL, ok bool) {
	address, err := url.Parse(text)
	return address, err == nil && address.Host != "" && (address.Scheme == "https" || address.Scheme == "http")
}

// Direct returns a copy of given, or where it is nil a client with a transport of its own, that hands out redirects as the answers they
// are: none is followed to where a secret could go with it.
func Direct(given *http.Client) *http.Client {
	direct := *cmp.Or(given, &http.Client{Transport: Transport()})
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &direct
}

// Cause is why a request got no answer, without its URL, which may hold a secret. Other errors are returned as they are.
func Cause(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// pooledConnections is how many connections to one host are open at most.
const pooledConnections = 32

// Pooled returns a client that keeps more connections to a host than the usual two: for a service that is asked at every sign-in.
func Pooled() *http.Client {
	transport := Transport()
	transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = pooledConnections, pooledConnections
	return &http.Client{Transport: transport}
}
