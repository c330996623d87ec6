package cost

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// adminSecret is that of the servers that are measured; Call sends it below /admin.
const adminSecret = "the-secret-of-administrators-for-tests"

// adminOperations are those that read: their cost must not grow with the number of users either.
func adminOperations() []Operation {
	return []Operation{
		{Name: "GET /admin/users", Statements: 1, RoundTrips: 1, Prepare: plain(http.StatusOK, http.MethodGet, "/admin/users", nothing)},
		{Name: "GET /admin/users, a search", Statements: 1, RoundTrips: 1, Prepare: plain(http.StatusOK, http.MethodGet, "/admin/users?limit=10&search=bulk-1", nothing)},
		{Name: "GET /admin/users, the next page", Statements: 1, RoundTrips: 1, Prepare: nextPage},
		{Name: "GET /admin/users, a search that finds nobody", Statements: 1, RoundTrips: 1, Prepare: plain(http.StatusOK, http.MethodGet, "/admin/users?search=zzz", nothing)},
	}
}

func nextPage(c *Client) (func() error, error) {
	for range 2 { // so that there is one
		if _, err := c.SignInAnonymous(); err != nil {
			return nil, err
		}
	}
	text, err := c.Call(http.StatusOK, http.MethodGet, "/admin/users?limit=1", "", nil)
	if err != nil {
		return nil, err
	}
	var page struct {
		NextCursor string `json:"nextCursor"`
	}
	err = json.Unmarshal(text, &page)
	return func() error {
		_, err := c.Call(http.StatusOK, http.MethodGet, "/admin/users?limit=1&cursor="+url.QueryEscape(page.NextCursor), "", nil)
		return err
	}, err
}
