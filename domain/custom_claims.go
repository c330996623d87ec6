package domain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CustomClaims are what the app itself says about a user in access tokens: values by name. A value is what JSON has: nil, bool,
// string, []any, map[string]any, or a number that keeps its digits (a type whose underlying type is string, with a method Float64).
// Who is handed one changes nothing in it.
type CustomClaims map[string]any

// claimPrefix begins the names of what Hasura calls session variables.
const claimPrefix = "x-hasura-"

// ClaimName returns the name that a custom claim has in the token: names that begin as Hasura's do stay as they are, others are put
// into lower case and behind that prefix.
func ClaimName(name string) string {
	if len(name) >= len(claimPrefix) && strings.EqualFold(name[:len(claimPrefix)], claimPrefix) {
		return name
	}
	return claimPrefix + strings.ToLower(name)
}

// IsReservedClaim tells whether the server itself, or Hasura, gives a claim of that name its meaning. Hasura does not heed case.
func IsReservedClaim(name string) bool {
	switch strings.TrimPrefix(strings.ToLower(ClaimName(name)), claimPrefix) {
	case "allowed-roles", "default-role", "user-id", "user-is-anonymous", "auth-elevated", "role", "admin-secret":
		return true
	}
	return false
}

// ClaimsFailure is what becomes of a token whose custom claims can't be had.
type ClaimsFailure string

// What becomes of it.
const (
	ClaimsOmitted   ClaimsFailure = "omit"     // it has none; what the peer does
	ClaimsDefaulted ClaimsFailure = "defaults" // it has the defaults
	ClaimsDemanded  ClaimsFailure = "refuse"   // it is not issued
)

// CustomClaimsPolicy says what tokens say beside what a source of claims answers. The zero value says nothing.
type CustomClaimsPolicy struct {
	Defaults  CustomClaims // for claims that the source lacks or answers with null
	OnFailure ClaimsFailure
}

// Settle returns the claims of the token: under their names there, without those that are reserved, completed by the defaults.
func (p CustomClaimsPolicy) Settle(found CustomClaims) CustomClaims {
	if len(found) == 0 && len(p.Defaults) == 0 {
		return nil
	}
	settled := make(CustomClaims, len(found)+len(p.Defaults))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !IsReservedClaim(name) {
			settled[ClaimName(name)] = found[name]
		}
	}
	for name, value := range p.Defaults {
		if key := ClaimName(name); settled[key] == nil && !IsReservedClaim(name) {
			settled[key] = value
		}
	}
	return settled
}

// Without returns the claims of a token when the source failed with cause, or Unavailable where it must not be issued then.
func (p CustomClaimsPolicy) Without(cause error) (CustomClaims, error) {
	switch p.OnFailure {
	case ClaimsDemanded:
		return nil, fmt.Errorf("%w: custom claims: %w", Unavailable, cause)
	case ClaimsDefaulted:
		return p.Settle(nil), nil
	}
	return nil, nil
}
