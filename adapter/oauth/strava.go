package oauth

import (
	"context"
	"net/url"
)

// strava is Strava: https://developers.strava.com/docs/authentication. It tells nobody's address and documents no PKCE.
func strava() kind {
	return kind{
		authorizationURL: "https://www.strava.com/api/v3/oauth/authorize",
		tokenURL:         "https://www.strava.com/api/v3/oauth/token",
		profileURL:       "https://www.strava.com/api/v3/athlete",
		scopes:           []string{"profile:read_all"},
		parameters:       url.Values{"approval_prompt": {"force"}},
		read: func(ctx context.Context, v visit) (profile, error) {
			var athlete struct {
				ID            int64  `json:"id"`
				FirstName     string `json:"firstname"`
				LastName      string `json:"lastname"`
				ProfileMedium string `json:"profile_medium"`
			}
			err := v.get(ctx, v.kind.profileURL, &athlete)
			return profile{id: decimal(athlete.ID), name: fullName(athlete.FirstName, athlete.LastName), picture: athlete.ProfileMedium}, err
		},
	}
}
