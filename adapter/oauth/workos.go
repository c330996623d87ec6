package oauth

import (
	"cmp"
	"context"
	"net/url"

	"github.com/hexauth/hexauth/port"
)

// workOS is single sign-on by WorkOS: https://workos.com/docs/reference/sso. A request names an organization or a connection;
// without any, the configured one counts. PKCE is documented for clients without a secret only. What a customer's directory says
// about an address is attested by nobody.
func workOS(s Settings) kind {
	return kind{
		authorizationURL: "https://api.workos.com/sso/authorize",
		tokenURL:         "https://api.workos.com/sso/token",
		profileURL:       "https://api.workos.com/sso/profile",
		selects: func(request port.AuthorizationRequest, parameters url.Values) {
			for name, value := range map[string]string{
				"organization": cmp.Or(request.Organization, s.WorkOSOrganization),
				"connection":   cmp.Or(request.Connection, s.WorkOSConnection),
				"domain":       s.WorkOSDomain,
			} {
				if value != "" {
					parameters.Set(name, value)
				}
			}
		},
		read: func(ctx context.Context, v visit) (profile, error) {
			var user struct {
				ID        string `json:"id"`
				Email     string `json:"email"`
				FirstName string `json:"first_name"`
				LastName  string `json:"last_name"`
			}
			err := v.get(ctx, v.kind.profileURL, &user)
			return profile{id: user.ID, email: user.Email, name: fullName(user.FirstName, user.LastName)}, err
		},
	}
}
