package providers

import "net/url"

// dialect is how a provider differs from others.
type dialect struct {
	scopes     []string
	parameters url.Values // that every request of a client has to have
	optional   []string   // that a request may have
	basic      bool       // credentials in the header
	pkce       bool       // a challenge is demanded
	nonce      bool       // a nonce is demanded
	signs      bool       // gives id tokens
	issuer     bool       // tells its issuer in the callback (RFC 9207)
	refreshes  bool
	expires    any // expires_in; nil for none
	headers    map[string]string
	tokenExtra map[string]any

	tokenProfile bool // the profile comes with the token as well
	profile      func(Person) any
	emails       func(Person) any
}

// dialects describes every provider but the one that speaks OAuth 1.0a.
func dialects() map[string]dialect {
	openID := []string{"email", "profile", "openid", "offline_access"}
	return map[string]dialect{
		"apple": {
			scopes: []string{"name", "email"}, nonce: true, signs: true, refreshes: true, expires: 3600,
			parameters: url.Values{"response_type": {"code id_token"}, "response_mode": {"form_post"}},
		},
		"azuread": {
			scopes: openID, parameters: url.Values{"prompt": {"select_account"}}, pkce: true, nonce: true, signs: true, refreshes: true,
			expires: "3599", profile: azureADProfile, // the version 1 endpoint sends a string
		},
		"bitbucket": {scopes: []string{"account"}, basic: true, refreshes: true, expires: 7200, profile: bitbucketProfile, emails: bitbucketEmails},
		"discord":   {scopes: []string{"identify", "email"}, basic: true, pkce: true, refreshes: true, expires: 604800, profile: discordProfile},
		"entraid":   {scopes: openID, pkce: true, nonce: true, signs: true, refreshes: true, expires: 3599, profile: entraIDProfile},
		"facebook":  {scopes: []string{"email"}, pkce: true, expires: 5183944, profile: facebookProfile},
		"github":    {scopes: []string{"user:email"}, pkce: true, issuer: true, profile: githubProfile, emails: githubEmails},
		"gitlab":    {scopes: []string{"read_user"}, pkce: true, refreshes: true, expires: 7200, profile: gitlabProfile},
		"google": {
			scopes: []string{"openid", "email", "profile"}, pkce: true, nonce: true, signs: true, issuer: true, expires: 3599, profile: googleProfile,
		},
		"linkedin": {scopes: []string{"openid", "profile", "email"}, signs: true, expires: 5183999, profile: linkedInProfile},
		"spotify": {
			scopes: []string{"user-read-email", "user-read-private"}, basic: true, pkce: true, refreshes: true, expires: 3600, profile: spotifyProfile,
		},
		"strava": {
			scopes: []string{"profile:read_all"}, parameters: url.Values{"approval_prompt": {"force"}}, refreshes: true, expires: 21600,
			profile: stravaProfile,
		},
		"twitch": {
			scopes: []string{"user:read:email"}, refreshes: true, expires: 14124, headers: map[string]string{"Client-Id": ClientID},
			tokenExtra: map[string]any{"scope": []string{"user:read:email"}}, profile: twitchProfile,
		},
		"twitter":     {profile: twitterProfile},
		"windowslive": {scopes: []string{"wl.basic", "wl.emails"}, expires: 3600, profile: windowsLiveProfile},
		"workos": {
			optional: []string{"organization", "connection", "domain"}, expires: 600, profile: workOSProfile, tokenProfile: true,
		},
	}
}
