package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// CustomClaimsDefaults are AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS, parsed.
type CustomClaimsDefaults domain.CustomClaims

// String returns the JSON.
func (d CustomClaimsDefaults) String() string {
	if d == nil {
		return ""
	}
	text, _ := json.Marshal(map[string]any(d)) // it came from JSON
	return string(text)
}

// maxClaimsDefaults bounds the defaults in bytes: they must fit into tokens.
const maxClaimsDefaults = 1 << 10

func parseClaimsDefaults(text string) (CustomClaimsDefaults, error) {
	if len(text) > maxClaimsDefaults {
		return nil, mistakes{fmt.Sprintf("must not be longer than %d bytes: it has to fit into tokens", maxClaimsDefaults)}
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var defaults CustomClaimsDefaults
	if err := decoder.Decode(&defaults); err != nil || defaults == nil || decoder.More() {
		return nil, mistakes{`must be a JSON object of claims and values, such as {"plan":"free"}`}
	}
	return defaults, nil
}

// checkClaims completes and checks where claims come from.
func (l *loader) checkClaims() {
	const sqlName, urlName, defaultsName = "AUTH_JWT_CUSTOM_CLAIMS_SQL", "AUTH_JWT_CUSTOM_CLAIMS_SQL_URL", "AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS"
	c := &l.cfg
	isPostgres := func(url string) bool {
		return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
	}
	switch {
	case c.CustomClaimsSQLURL != "" && !isPostgres(c.CustomClaimsSQLURL):
		l.problem(urlName, "must be a postgres:// URL")
	case c.CustomClaimsSQLURL != "" && databaseMistake(c.CustomClaimsSQLURL) != "":
		l.problem(urlName, databaseMistake(c.CustomClaimsSQLURL))
	case c.CustomClaimsSQL == "":
	case !strings.Contains(c.CustomClaimsSQL, "$1"):
		l.problem(sqlName, "must have $1 where the user's id belongs, as in WHERE user_id = $1")
	case c.CustomClaimsSQLURL == "" && !isPostgres(c.DatabaseURL):
		l.problem(urlName, "is required with "+sqlName+" where users are not kept in PostgreSQL: the query runs there")
	case c.CustomClaimsSQLURL == "":
		c.CustomClaimsSQLURL = c.DatabaseURL
	}
	l.checkClaimNames(defaultsName, slices.Sorted(maps.Keys(c.CustomClaimsDefaults)))
}

// checkClaimNames warns of claims that could never be issued.
func (l *loader) checkClaimNames(name string, claims []string) {
	for i, claim := range claims {
		if claim == "" {
			l.problem(name, "has a claim without a name")
		} else if domain.IsReservedClaim(claim) {
			l.warn(name, fmt.Sprintf("member %d in alphabetical order is reserved and has no effect: the server sets that claim itself", i+1))
		}
	}
}
