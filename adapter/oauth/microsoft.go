package oauth

import (
	"cmp"
	"net/url"
)

// microsoft is where Microsoft's tenants sign in.
const microsoft = "https://login.microsoftonline.com/"

func tenant(s Settings) string { return microsoft + url.PathEscape(cmp.Or(s.Tenant, "common")) }

func microsoftScopes() []string { return []string{"email", "profile", "openid", "offline_access"} }
