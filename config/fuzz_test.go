package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hexauth/hexauth/config"
)

// FuzzLoad puts the marker somewhere into every secret. Load must not panic, and neither an error nor a warning nor a
// hidden setting may show it.
func FuzzLoad(f *testing.F) {
	f.Add(uint8(0), uint16(0), "", "", "", "", "")
	f.Add(uint8(29), uint16(14), "postgres://u:@h:5432/db", hmacSecret, "00", "4000", "en")
	f.Add(uint8(8), uint16(22), "", hmacSecret, "", "", "")
	f.Add(uint8(1), uint16(20), "postgres://u:@h:5432/db", hmacSecret, "", "4000", "https://*.example.com,myapp://")
	f.Add(uint8(2), uint16(25), "sqlite://x.db", `{"type":"RS256","key":"-----BEGIN PUBLIC KEY-----","signing_key":""}`, hexKey, "x", "**")
	f.Add(uint8(2), uint16(12), "postgres://u:p@h1,h2/db?sslpassword=", `{"type":"HS512","key":"","claims_format":""}`, "00", "-1", "https://[::1]:3,http://a?.*")
	f.Fuzz(func(t *testing.T, mode uint8, at uint16, database, secret, key, number, text string) {
		if strings.Contains(strings.ToLower(number+text), marker) {
			return // not a secret there
		}
		environ := map[string]string{
			"AUTH_DEV_MODE":             []string{"", "true", "false", text}[mode%4],
			"AUTH_DATABASE_URL":         insert(database, at),
			"POSTGRES_CONNECTION":       insert(database, at/2),
			"HASURA_GRAPHQL_JWT_SECRET": insert(secret, at),
			"AUTH_ENCRYPTION_KEY":       insert(key, at),
		}
		for _, v := range config.Variables() {
			switch {
			case v.Secret || v.Name == "AUTH_DEV_MODE":
			case v.Type == "string" || v.Type == "list" || v.Type == "URL":
				environ[v.Name] = text
			default:
				environ[v.Name] = number
			}
		}
		// Fewer variables at once let Load get further.
		prefixes := []string{"", "AUTH_", "HASURA_", "AUTH_D", "AUTH_E", "AUTH_S", "AUTH_ACCESS_CONTROL", "POSTGRES_"}
		c, err := config.Load(withPrefix(environ, prefixes[int(mode/4)%len(prefixes)]))
		if err != nil {
			requireNoMarker(t, err.Error())
		}
		requireNoMarker(t, strings.Join(c.Warnings, "\n"))
		requireNoMarker(t, fmt.Sprintf("%+v %#v", c, c))
		for _, s := range c.Effective() {
			if s.Name != "AUTH_DATABASE_URL" && s.Name != "POSTGRES_CONNECTION" && s.Name != "POSTGRES_MIGRATIONS_CONNECTION" {
				requireNoMarker(t, s.Value)
			}
		}
	})
}

// insert puts the marker into text at position at, or at its end. A text that is empty stays empty.
func insert(text string, at uint16) string {
	if text == "" {
		return ""
	}
	i := min(int(at), len(text))
	return text[:i] + marker + text[i:]
}

func withPrefix(environ map[string]string, prefix string) map[string]string {
	chosen := map[string]string{}
	for name, value := range environ {
		if strings.HasPrefix(name, prefix) {
			chosen[name] = value
		}
	}
	return chosen
}
