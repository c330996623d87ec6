package config

import (
	"fmt"
	"strings"
)

const introduction = `# Configuration

<!-- Generated from config/config.go by "go generate ./config". Do not edit. -->

hexauth is configured by environment variables. Names and defaults are those of hasura-auth where it has them. Blanks around
a value are dropped, an empty variable counts as unset, and lists are separated by commas. All mistakes are reported at once,
by variable; ` + "`hexauth config`" + ` shows every value in force and where it comes from, with secrets hidden.

Durations are a whole number of seconds (` + "`900`" + `) or have a unit (` + "`90s`, `15m`, `720h`" + `).

## Development and production

With neither a database nor ` + "`HASURA_GRAPHQL_JWT_SECRET`" + ` configured the server runs in **development mode**: it listens on
127.0.0.1 only, keeps its database and a generated encryption key in ` + "`AUTH_DATA_DIR`" + `, and does not ask for verified e-mail
addresses. What is merely unsafe gives a warning.

With either of them it runs in **production**: it listens on every address, asks for verified addresses, needs a database and
` + "`AUTH_ENCRYPTION_KEY`" + `, and refuses to start on anything unsafe or contradictory. ` + "`AUTH_DEV_MODE`" + ` forces either mode.

The smallest production configuration:

` + "```sh" + `
AUTH_DATABASE_URL=postgres://hexauth:password@db.example.com:5432/app
AUTH_ENCRYPTION_KEY=$(openssl rand -hex 32)   # once; keep it
AUTH_SERVER_URL=https://auth.example.com/v1
AUTH_CLIENT_URL=https://app.example.com
` + "```" + `
`

const jwtSecretSection = "\n### HASURA_GRAPHQL_JWT_SECRET\n\nA JSON object with these members. Hasura's other members may be present and are ignored.\n\n" +
	"| Member | Meaning |\n|---|---|\n" +
	"| `type` | `HS256`, `HS384`, `HS512`, `RS256`, `RS384`, `RS512`, `ES256`, `ES384`, `ES512`, `EdDSA` (or `Ed25519`) |\n" +
	"| `key` | HS\\*: the key itself, at least 32 bytes. Otherwise the public key in PEM |\n" +
	"| `signing_key` | The private key in PEM (PKCS#8, PKCS#1 or SEC 1); not for HS\\*. A line break may be written as `\\n` |\n" +
	"| `kid` | Key id in token headers and in the JWKS; optional |\n" +
	"| `issuer` | Issuer of tokens; default `AUTH_SERVER_URL` |\n" +
	"| `claims_namespace` | Default `" + DefaultClaimsNamespace + "` |\n" +
	"| `claims_format` | `json`, which is the default; nothing else is supported |\n"

// Markdown returns docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(introduction)
	group := ""
	for _, v := range Variables() {
		if v.Group != group {
			if group == "Tokens and keys" {
				b.WriteString(jwtSecretSection)
			}
			group = v.Group
			fmt.Fprintf(&b, "\n## %s\n\n| Variable | Type | Default | Meaning |\n|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Name, v.typeCell(), v.defaultCell(), v.meaningCell())
	}
	return b.String()
}

func (v Variable) typeCell() string {
	cell := v.Type
	if v.Unit != "" {
		cell += ", " + v.Unit
	}
	if v.Secret {
		cell += ", secret"
	}
	return cell
}

func (v Variable) defaultCell() string {
	switch {
	case v.AliasOf != "":
		return "–"
	case v.Default == "" && v.DevelopmentDefault == "":
		return "empty"
	case v.DevelopmentDefault == "":
		return code(v.Default)
	}
	return code(v.Default) + "; in development " + code(v.DevelopmentDefault)
}

func (v Variable) meaningCell() string {
	cell := strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace(v.Description)
	if v.Allowed != nil {
		cell += " One of `" + strings.Join(v.Allowed, "`, `") + "`."
	}
	if v.Min != "" {
		cell += " From " + v.Min + " to " + v.Max + "."
	}
	if v.Example != "" {
		cell += " Example: " + "`" + strings.ReplaceAll(v.Example, "|", `\|`) + "`"
	}
	return cell
}

// code marks a value as code, and leaves words alone.
func code(text string) string {
	if strings.Contains(text, " ") && !strings.Contains(text, "://") || text == "required" || text == "empty" {
		return strings.ReplaceAll(text, "<", "&lt;")
	}
	return "`" + text + "`"
}
