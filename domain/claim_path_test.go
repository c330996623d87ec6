package domain_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

// account is what Hasura answers about a user who has a bit of everything.
const account = `{
	"id": "u-1", "defaultRole": "user", "locale": null, "age": 12345678901234567890,
	"metadata": {"plan": {"name": "gold", "seats": 7}, "odd key": {"a-b": true}, "tags": ["x", "y"]},
	"profile": {"name": "Jane", "organisation": null, "teams": []},
	"roles": [{"role": "user", "level": 1, "active": true}, {"role": "me", "level": 2, "active": false}, {"role": "o'clock", "level": 3, "active": null}],
	"teams": [
		{"name": "a", "members": [{"id": 1}, {"id": 2}]},
		{"name": "b", "members": []},
		{"name": "c", "members": [{"id": 3}]}
	],
	"nothing": null, "scalars": [3, 1, 2]
}`

func decodeJSON(t testing.TB, text string) (value any) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value))
	return value
}

func TestClaimPath_Leads(t *testing.T) {
	t.Parallel()
	user := decodeJSON(t, account)
	const missing = "missing"
	for path, want := range map[string]string{
		"defaultRole":                       `"user"`,
		"age":                               `12345678901234567890`,
		"locale":                            missing,
		"unknown":                           missing,
		"defaultRole.deeper":                missing,
		"profile.name":                      `"Jane"`,
		"profile.organisation":              missing,
		"profile.organisation.id":           missing,
		"metadata.plan.name":                `"gold"`,
		"metadata.plan":                     `{"name":"gold","seats":7}`,
		"metadata.tags":                     `["x","y"]`,
		"metadata.tags[1]":                  `"y"`,
		"metadata.tags[]":                   `["x","y"]`,
		"metadata.tags[*]":                  `["x","y"]`,
		"roles.role":                        missing,
		"roles[].role":                      `["user","me","o'clock"]`,
		"roles[*].role":                     `["user","me","o'clock"]`,
		"roles[1].role":                     `"me"`,
		"roles[9].role":                     missing,
		"roles[].unknown":                   `[]`,
		"roles.role[]":                      `["user","me","o'clock"]`,
		"roles[].role[]":                    `["user","me","o'clock"]`,
		"roles[1].role[]":                   `["me"]`,
		"nothing[].x":                       missing,
		"nothing[]":                         missing,
		"unknown[].x":                       missing,
		"profile.teams[].id":                `[]`,
		"profile.teams.id[]":                `[]`,
		"profile.name[]":                    `["Jane"]`,
		"profile[].name":                    missing,
		"teams[].members[].id":              `[1,2,3]`,
		"teams.members.id[]":                `[[1,2],[],[3]]`,
		"teams[0].members[].id":             `[1,2]`,
		"teams[?(@.name=='c')].members[]":   `[[{"id":3}]]`,
		"teams[].members[0].id":             `[1,3]`,
		"roles[?(@.role == 'me')].level":    `[2]`,
		"roles[?(@.role == 'no')].level":    `[]`,
		`roles[?(@.role == "me")].level`:    `[2]`,
		`roles[?(@.role=='o\'clock')].role`: `["o'clock"]`,
		"roles[?(@.level >= 2)].role":       `["me","o'clock"]`,
		"roles[?(@.level<2)].role":          `["user"]`,
		"roles[?(@.level != 2)].role":       `["user","o'clock"]`,
		"roles[?(2 == @.level)].role":       `["me"]`,
		"roles[?(@.level > '1')].role":      `[]`,
		"roles[?(@.active)].role":           `["user"]`,
		"roles[?(!@.active)].role":          `["me","o'clock"]`,
		"roles[?(@.active == null)].role":   `["o'clock"]`,
		"roles[?(@.active == false)].role":  `["me"]`,
		"roles[?(@.level == 1 || @.level == 3 && @.active)].role":          `["user"]`,
		"roles[?( ( @.level == 1 || @.level == 3 ) && !(@.active) )].role": `["o'clock"]`,
		"teams[?(@.members)].name":                                         `["a","b","c"]`,
		"scalars[?(@ > 1)]":                                                `[3,2]`,
		"scalars[?(@ > 1)][0]":                                             `[]`,
		"scalars[1]":                                                       `1`,
	} {
		parsed, err := domain.ParseClaimPath(path)
		require.NoError(t, err, path)
		value, found := parsed.Value(user)
		if !found {
			require.Equal(t, want, missing, path)
			continue
		}
		got, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, want, string(got), path)
		_, isList := value.([]any)
		require.True(t, isList || !parsed.IsList(), path)
	}
}

func TestClaimPath_AsksForTheFieldsItNeeds(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][][]string{
		"defaultRole":                         {{"defaultRole"}},
		"profile.organisation.id":             {{"profile", "organisation", "id"}},
		"metadata.plan.name":                  {{"metadata"}},
		"metadata.list[?(@.x==1)].y":          {{"metadata"}},
		"profile.metadata.x":                  {{"profile", "metadata", "x"}},
		"roles[].role":                        {{"roles", "role"}},
		"roles[0].role[]":                     {{"roles", "role"}},
		"a[?(@.b=='1' && (@.c.d || !@.e))].f": {{"a", "b"}, {"a", "c", "d"}, {"a", "e"}, {"a", "f"}},
		"a.scalars[?(@ > 1)]":                 {{"a", "scalars"}},
	} {
		parsed, err := domain.ParseClaimPath(path)
		require.NoError(t, err, path)
		require.Equal(t, want, parsed.Fields(), path)
	}
}

func TestClaimPath_RefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                                       "expected the name of a field at position 1",
		".":                                      "expected the name of a field at position 1",
		"a.":                                     "expected the name of a field at position 3",
		"a..b":                                   "expected the name of a field at position 3",
		"a b":                                    "expected . or [ at position 2",
		"a) { secrets }":                         "expected . or [ at position 2",
		"1a":                                     "expected the name of a field at position 1",
		"a-b":                                    "expected . or [ at position 2",
		"$.a":                                    "expected the name of a field at position 1",
		"'constant'":                             "expected the name of a field at position 1",
		"a[":                                     "expected ], *], a number and ], or ?( at position 3",
		"a[-1]":                                  "expected ], *], a number and ], or ?( at position 3",
		"a[1":                                    "expected ], *], a number and ], or ?( at position 4",
		"a[99999999999999999999]":                "expected ], *], a number and ], or ?( at position 23",
		"a[x]":                                   "expected ], *], a number and ], or ?( at position 3",
		"a[]b":                                   "expected . or [ at position 4",
		"a[?(@.b)":                               "expected )] at position 8",
		"a[?()]":                                 "expected @.field, a text in quotes, a number, true, false or null at position 5",
		"a[?('x')]":                              "expected == != < <= > or >= at position 8",
		"a[?(@.b = 1)]":                          "expected )] at position 9",
		"a[?(@.b == 'x)]":                        "expected the closing quote at position 16",
		"a[?(@.b == (1))]":                       "expected @.field, a text in quotes, a number, true, false or null at position 12",
		"a[?(@.b-c == 1)]":                       "expected )] at position 8",
		"a[?(@. == 1)]":                          "expected the name of a field at position 7",
		"a[?((@.b)]":                             "expected )] at position 10",
		"a[?(@.b =~ /x/)]":                       "expected )] at position 9",
		"a" + strings.Repeat("[]", 600):          "is longer than 1024 bytes",
		"a[?(" + strings.Repeat("(", 40) + "@.b": "too many brackets at position 38",
		"a[?(" + strings.Repeat("!", 40) + "@.b": "too many brackets at position 38",
	} {
		_, err := domain.ParseClaimPath(path)
		require.EqualError(t, err, want, path)
	}
}

// FuzzClaimPath reads paths of custom claims.
func FuzzClaimPath(f *testing.F) {
	for _, path := range []string{"a.b", "metadata.x-y.z[0]", "roles[].role", "a[?(@.b=='c' && !(@.d<1.5e3))].e[]", `a[?("x"==@)]`} {
		f.Add(path)
	}
	user := decodeJSON(f, account)
	f.Fuzz(func(t *testing.T, text string) {
		path, err := domain.ParseClaimPath(text)
		if err != nil {
			return
		}
		for _, field := range path.Fields() {
			for _, name := range field {
				require.Regexp(t, `\A[A-Za-z_][A-Za-z0-9_]*\z`, name) // it becomes part of a query
			}
		}
		value, found := path.Value(user)
		_, isList := value.([]any)
		require.True(t, !found || isList || !path.IsList())
		require.True(t, !found || value != nil)
	})
}

func TestCustomClaimsPolicy_SettlesWhatTokensSay(t *testing.T) {
	t.Parallel()
	policy := domain.CustomClaimsPolicy{Defaults: domain.CustomClaims{"Plan": "free", "X-Hasura-Region": "eu", "role": "admin", "user-id": "x"}}
	require.Equal(t, domain.CustomClaims{
		"x-hasura-plan": "gold", "X-Hasura-Region": "eu", "x-hasura-org": nil, "X-Hasura-Team": []any{"a"}, "x-hasura-off": false,
	}, policy.Settle(domain.CustomClaims{
		"plan": "gold", "X-Hasura-Region": nil, "Org": nil, "X-Hasura-Team": []any{"a"}, "off": false,
		"user-id": "somebody else", "X-HASURA-Allowed-Roles": []any{"admin"}, "x-hasura-default-role": "admin", "User-Is-Anonymous": "false",
		"auth-elevated": "yes", "x-hasura-role": "admin", "x-hasura-admin-secret": "s",
	}))
	require.Nil(t, domain.CustomClaimsPolicy{}.Settle(nil))
	require.Nil(t, domain.CustomClaimsPolicy{}.Settle(domain.CustomClaims{}))
}

func TestCustomClaimsPolicy_SaysWhatTokensAreWithoutTheSource(t *testing.T) {
	t.Parallel()
	cause := errors.New("away")
	policy := domain.CustomClaimsPolicy{Defaults: domain.CustomClaims{"plan": "free"}}
	for failure, want := range map[domain.ClaimsFailure]domain.CustomClaims{
		"": nil, domain.ClaimsOmitted: nil, domain.ClaimsDefaulted: {"x-hasura-plan": "free"},
	} {
		policy.OnFailure = failure
		claims, err := policy.Without(cause)
		require.NoError(t, err)
		require.Equal(t, want, claims)
	}
	policy.OnFailure = domain.ClaimsDemanded
	_, err := policy.Without(cause)
	require.ErrorIs(t, err, domain.Unavailable)
	require.ErrorIs(t, err, cause)
}
