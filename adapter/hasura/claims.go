package hasura

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// maxUser bounds what Hasura says about one user, in bytes.
const maxUser = 1 << 20

// Claims is a port.CustomClaims. It asks once for everything that its paths need.
type Claims struct {
	client client
	paths  map[string]domain.ClaimPath
	query  string
}

var _ port.CustomClaims = (*Claims)(nil)

// NewClaims returns claims by name, each found where its path leads. It does not connect.
func NewClaims(o Options, paths map[string]domain.ClaimPath) (*Claims, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	return &Claims{client: client, paths: paths, query: queryFor(paths)}, nil
}

// selection is what is asked for of an object: fields and what is asked for of them.
type selection map[string]selection

func (s selection) add(way []string) {
	if len(way) == 0 {
		return
	}
	if s[way[0]] == nil {
		s[way[0]] = selection{}
	}
	s[way[0]].add(way[1:])
}

// text writes the selection as GraphQL, sorted by name. Nothing but names gets into it: domain.ParseClaimPath sees to that.
func (s selection) text() string {
	fields := make([]string, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if len(s[name]) > 0 {
			name += " " + s[name].text()
		}
		fields = append(fields, name)
	}
	return "{ " + strings.Join(fields, " ") + " }"
}

func queryFor(paths map[string]domain.ClaimPath) string {
	all := selection{}
	for _, path := range paths {
		for _, way := range path.Fields() {
			all.add(way)
		}
	}
	return "query GetClaims($id: uuid!) { user(id: $id) " + all.text() + " }"
}

type question struct {
	OperationName string            `json:"operationName"`
	Query         string            `json:"query"`
	Variables     map[string]string `json:"variables"`
}

type answer struct {
	Data struct {
		User map[string]any `json:"user"`
	} `json:"data"`
	Errors []struct {
		Extensions struct {
			Code string `json:"code"`
			Path string `json:"path"`
		} `json:"extensions"`
	} `json:"errors"`
}

// Of implements port.CustomClaims. What is not there is null. A user whom Hasura
// does not know is an error.
func (c *Claims) Of(ctx context.Context, user domain.UserID) (domain.CustomClaims, error) {
	status, body, err := c.client.post(ctx, question{"GetClaims", c.query, map[string]string{"id": string(user)}}, maxUser)
	if err != nil {
		return nil, fmt.Errorf("hasura: %w", err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("hasura: status %d", status)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var said answer
	switch err := decoder.Decode(&said); {
	case err != nil:
		return nil, errors.New("hasura: the answer is not GraphQL's")
	case len(said.Errors) > 0: // the message may repeat data, the path names fields only
		e := said.Errors[0].Extensions
		return nil, fmt.Errorf("hasura: error %.60q at %.300q", e.Code, e.Path)
	case said.Data.User == nil:
		return nil, errors.New("hasura: it does not know the user")
	}
	claims := make(domain.CustomClaims, len(c.paths))
	for name, path := range c.paths {
		if value, found := path.Value(said.Data.User); found {
			claims[name] = value
		} else {
			claims[name] = nil
		}
	}
	return claims, nil
}
