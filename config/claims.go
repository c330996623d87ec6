package config

import (
	"encoding/base64"
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

// CustomClaims are AUTH_JWT_CUSTOM_CLAIMS, parsed: paths by the names of claims.
type CustomClaims map[string]domain.ClaimPath

// String returns the JSON.
func (c CustomClaims) String() string {
	if c == nil {
		return ""
	}
	texts := make(map[string]string, len(c))
	for name, path := range c {
		texts[name] = path.String()
	}
	text, _ := json.Marshal(texts) // texts always can be
	return string(text)
}

func parseClaims(text string) (CustomClaims, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	var texts map[string]string
	if err := decoder.Decode(&texts); err != nil || texts == nil || decoder.More() {
		return nil, mistakes{`must be a JSON object of claims and paths, such as {"plan":"customer.plan"}`}
	}
	claims := make(CustomClaims, len(texts))
	var found mistakes
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		path, err := domain.ParseClaimPath(texts[name])
		if err != nil {
			found = append(found, fmt.Sprintf("the path of %.40q: %v", name, err))
		}
		claims[name] = path
	}
	if found != nil {
		return nil, found
	}
	return claims, nil
}

// HookSecret is AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET, decoded.
type HookSecret []byte

func parseHookSecret(text string) (HookSecret, error) {
	encoded, prefixed := strings.CutPrefix(text, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !prefixed || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, mistakes{"must be whsec_ and 24 to 64 random bytes in base64, for example from: echo whsec_$(openssl rand -base64 32)"}
	}
	return key, nil
}

const (
	claimsName   = "AUTH_JWT_CUSTOM_CLAIMS"
	claimsSQL    = "AUTH_JWT_CUSTOM_CLAIMS_SQL"
	claimsHook   = "AUTH_JWT_CUSTOM_CLAIMS_HOOK_URL"
	defaultsName = "AUTH_JWT_CUSTOM_CLAIMS_DEFAULTS"
	graphQLName  = "HASURA_GRAPHQL_GRAPHQL_URL"
)

// checkClaims checks where claims come from: one place, or none.
func (l *loader) checkClaims() {
	c := l.cfg
	l.checkGraphQL()
	l.checkClaimsSQL()
	l.checkClaimsHook()
	var sources []string
	for name, used := range map[string]bool{claimsName: len(c.CustomClaims) > 0, claimsSQL: c.CustomClaimsSQL != "", claimsHook: c.CustomClaimsHookURL != ""} {
		if used {
			sources = append(sources, name)
		}
	}
	slices.Sort(sources)
	if len(sources) > 1 {
		l.problem(sources[0], "can't be used together with "+strings.Join(sources[1:], " and ")+": claims come from one place")
	}
	if len(sources) == 0 && len(c.CustomClaimsDefaults) > 0 {
		l.warn(defaultsName, "has no effect because claims come from nowhere: set one of "+claimsName+", "+claimsSQL+" and "+claimsHook)
	}
	l.checkClaimNames(claimsName, slices.Sorted(maps.Keys(c.CustomClaims)))
	l.checkClaimNames(defaultsName, slices.Sorted(maps.Keys(c.CustomClaimsDefaults)))
}

// checkGraphQL allows plain http: Hasura is a neighbour as a rule.
func (l *loader) checkGraphQL() {
	c := l.cfg
	u, ok := parsePlainURL(c.GraphQLURL)
	switch {
	case c.GraphQLURL == "" && len(c.CustomClaims) > 0:
		l.problem(claimsName, "needs "+graphQLName+": the paths lead through Hasura")
	case c.GraphQLURL == "":
		return
	case !ok || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		l.problem(graphQLName, "must be an http or https URL without user and fragment, such as http://hasura:8080/v1/graphql")
		return
	case c.HasuraMetadata && !strings.HasSuffix(c.GraphQLURL, "/v1/graphql"):
		l.warn(graphQLName, "does not end in /v1/graphql, so Hasura's metadata can't be found and is left alone")
	}
	if c.HasuraAdminSecret == "" {
		l.warn("HASURA_GRAPHQL_ADMIN_SECRET", "is not set: only a Hasura without a secret answers")
	}
}

func (l *loader) checkClaimsSQL() {
	const urlName = "AUTH_JWT_CUSTOM_CLAIMS_SQL_URL"
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
		l.problem(claimsSQL, "must have $1 where the user's id belongs, as in WHERE user_id = $1")
	case c.CustomClaimsSQLURL == "" && !isPostgres(c.DatabaseURL):
		l.problem(urlName, "is required with "+claimsSQL+" where users are not kept in PostgreSQL: the query runs there")
	case c.CustomClaimsSQLURL == "":
		c.CustomClaimsSQLURL = c.DatabaseURL
	}
}

func (l *loader) checkClaimsHook() {
	c := l.cfg
	if c.CustomClaimsHookURL == "" {
		return
	}
	u, ok := parsePlainURL(c.CustomClaimsHookURL)
	if !ok || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		l.problem(claimsHook, "must be an http or https URL without user and fragment")
	} else if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		l.warn(claimsHook, "is plain http: whoever is on the way can say what is in tokens")
	}
	if c.CustomClaimsHookSecret == nil && !l.hasProblem("AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET") {
		l.problem("AUTH_JWT_CUSTOM_CLAIMS_HOOK_SECRET", "is required with "+claimsHook+", for example from: echo whsec_$(openssl rand -base64 32)")
	}
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
