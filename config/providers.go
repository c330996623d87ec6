package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Providers are the identity providers that hexauth knows by name. Tags: provider is the name in paths, title the one for
// people, envPrefix what the names of its variables begin with.
type Providers struct {
	Apple       Provider `provider:"apple" title:"Apple" envPrefix:"AUTH_PROVIDER_APPLE_"`
	AzureAD     Provider `provider:"azuread" title:"Azure AD" envPrefix:"AUTH_PROVIDER_AZUREAD_"`
	Bitbucket   Provider `provider:"bitbucket" title:"Bitbucket" envPrefix:"AUTH_PROVIDER_BITBUCKET_"`
	Discord     Provider `provider:"discord" title:"Discord" envPrefix:"AUTH_PROVIDER_DISCORD_"`
	EntraID     Provider `provider:"entraid" title:"Entra ID" envPrefix:"AUTH_PROVIDER_ENTRAID_"`
	Facebook    Provider `provider:"facebook" title:"Facebook" envPrefix:"AUTH_PROVIDER_FACEBOOK_"`
	GitHub      Provider `provider:"github" title:"GitHub" envPrefix:"AUTH_PROVIDER_GITHUB_"`
	GitLab      Provider `provider:"gitlab" title:"GitLab" envPrefix:"AUTH_PROVIDER_GITLAB_"`
	Google      Provider `provider:"google" title:"Google" envPrefix:"AUTH_PROVIDER_GOOGLE_"`
	LinkedIn    Provider `provider:"linkedin" title:"LinkedIn" envPrefix:"AUTH_PROVIDER_LINKEDIN_"`
	Spotify     Provider `provider:"spotify" title:"Spotify" envPrefix:"AUTH_PROVIDER_SPOTIFY_"`
	Strava      Provider `provider:"strava" title:"Strava" envPrefix:"AUTH_PROVIDER_STRAVA_"`
	Twitch      Provider `provider:"twitch" title:"Twitch" envPrefix:"AUTH_PROVIDER_TWITCH_"`
	Twitter     Provider `provider:"twitter" title:"Twitter" envPrefix:"AUTH_PROVIDER_TWITTER_"`
	WindowsLive Provider `provider:"windowslive" title:"Windows Live" envPrefix:"AUTH_PROVIDER_WINDOWS_LIVE_"`
	WorkOS      Provider `provider:"workos" title:"WorkOS" envPrefix:"AUTH_PROVIDER_WORKOS_"`
}

// Provider is what is said about one of them. The tags are those of Config; besides, only and except list the providers that
// have, or have not, a variable, needed says that the provider can't be used without it, and {title} and {provider} in texts
// stand for the provider. An address that is "" is the provider's own.
type Provider struct {
	Enabled          bool     `env:"ENABLED" envDefault:"false" doc:"Let users come in through {title}. providers/{provider}.md says what to register there."`
	ClientID         string   `env:"CLIENT_ID" except:"twitter" needed:"true" defaultText:"required when enabled" doc:"Client id of this server at {title}."`
	ClientSecret     string   `env:"CLIENT_SECRET" except:"apple,twitter" needed:"true" defaultText:"required when enabled" secret:"true" doc:"Client secret that belongs to it."`
	ConsumerKey      string   `env:"CONSUMER_KEY" only:"twitter" needed:"true" defaultText:"required when enabled" doc:"API key of this server at {title}."`
	ConsumerSecret   string   `env:"CONSUMER_SECRET" only:"twitter" needed:"true" defaultText:"required when enabled" secret:"true" doc:"API secret that belongs to it."`
	Scopes           []string `env:"SCOPE" except:"twitter,workos" defaultText:"as providers/{provider}.md says" doc:"Scopes to ask for instead of the usual ones."`
	AuthorizationURL string   `env:"AUTHORIZATION_URL" defaultText:"that of {title}" doc:"Address to which browsers are sent. A query is kept."`
	RequestTokenURL  string   `env:"REQUEST_TOKEN_URL" only:"twitter" defaultText:"that of {title}" doc:"Address that gives request tokens."`
	TokenURL         string   `env:"TOKEN_URL" defaultText:"that of {title}" doc:"Address that gives access tokens."`
	ProfileURL       string   `env:"USER_PROFILE_URL" except:"apple" defaultText:"that of {title}" doc:"Address that tells who a user is."`

	TeamID     string            `env:"TEAM_ID" only:"apple" needed:"true" defaultText:"required when enabled" example:"A1B2C3D4E5" doc:"Id of the team that the client belongs to."`
	KeyID      string            `env:"KEY_ID" only:"apple" needed:"true" defaultText:"required when enabled" example:"F6G7H8I9J0" doc:"Id of the key that signs client secrets."`
	PrivateKey *ecdsa.PrivateKey `env:"PRIVATE_KEY" only:"apple" needed:"true" defaultText:"required when enabled" secret:"true" doc:"That key, as Apple's .p8 file has it. Line breaks may be written as \\n, and the whole may be in base64."`
	KeysURL    string            `env:"JWKS_URL" only:"apple,google" defaultText:"that of {title}" doc:"Address of the keys that sign id tokens."`

	Audiences []string `env:"AUDIENCE" only:"apple,google" example:"com.example.app,com.example.web" doc:"Client ids of your apps at {title}. With them, id tokens that an app got from {title} by itself are accepted, whether or not ENABLED is set."`

	Tenant string `env:"TENANT" only:"azuread,entraid" defaultText:"common" example:"contoso.onmicrosoft.com" doc:"Whose accounts may come in: a tenant's id or domain, organizations, consumers, or common for all."`

	DefaultOrganization string `env:"DEFAULT_ORGANIZATION" only:"workos" doc:"Organization whose sign-in is used when a request names none."`
	DefaultConnection   string `env:"DEFAULT_CONNECTION" only:"workos" doc:"Connection that is used when a request names none."`
	DefaultDomain       string `env:"DEFAULT_DOMAIN" only:"workos" doc:"Domain whose organization is used."`
}

// Enabled yields the providers that are switched on and complete, by their names in paths.
func (p Providers) Enabled() iter.Seq2[string, Provider] {
	return func(yield func(string, Provider) bool) {
		value := reflect.ValueOf(p)
		for i := range value.NumField() {
			one := value.Field(i).Interface().(Provider)
			if one.Enabled && !yield(value.Type().Field(i).Tag.Get("provider"), one) {
				return
			}
		}
	}
}

// providerFields returns the variables of one provider, which is the field at of Config.
func providerFields(at reflect.StructField, path []int) []field {
	provider, title := at.Tag.Get("provider"), at.Tag.Get("title")
	names := strings.NewReplacer("{provider}", provider, "{title}", title)
	var list []field
	for _, sf := range reflect.VisibleFields(reflect.TypeFor[Provider]()) {
		only, except := splitList(sf.Tag.Get("only")), splitList(sf.Tag.Get("except"))
		if only != nil && !slices.Contains(only, provider) || slices.Contains(except, provider) {
			continue
		}
		sf.Tag = reflect.StructTag(names.Replace(string(sf.Tag)))
		sf.Index = append(slices.Clone(path), sf.Index...)
		prefix := at.Tag.Get("envPrefix")
		list = append(list, field{StructField: sf, name: prefix + sf.Tag.Get("env"), prefix: prefix, group: "Provider: " + title})
	}
	return list
}

// checkProviders looks at every provider. One that is switched on and can't be used is switched off again, which production
// refuses.
func (l *loader) checkProviders() {
	providers := reflect.ValueOf(&l.cfg.Providers).Elem()
	for i := range providers.NumField() {
		l.checkProvider(providers.Field(i).Addr().Interface().(*Provider), providers.Type().Field(i).Tag.Get("envPrefix"))
	}
	if l.cfg.Providers.AzureAD.Enabled {
		l.warn("AUTH_PROVIDER_AZUREAD_ENABLED", "Microsoft has replaced these endpoints: use AUTH_PROVIDER_ENTRAID_ENABLED for new users")
	}
	if l.cfg.Providers.WindowsLive.Enabled {
		l.warn("AUTH_PROVIDER_WINDOWS_LIVE_ENABLED", "Microsoft has switched this service off: use AUTH_PROVIDER_ENTRAID_ENABLED")
	}
}

// checkProvider names everything that is wrong with the provider whose variables begin with prefix.
func (l *loader) checkProvider(p *Provider, prefix string) {
	complete := true
	for _, f := range l.fields {
		if f.prefix != prefix || l.hasProblem(f.name) {
			continue
		}
		value := reflect.ValueOf(l.cfg).FieldByIndex(f.Index)
		if f.typeName() == "URL" {
			l.checkProviderURL(f.name, value.String())
		}
		if p.Enabled && f.Tag.Get("needed") != "" && value.IsZero() {
			l.unsafe(f.name, "is required with "+prefix+"ENABLED; without it the provider stays switched off")
			complete = false
		}
	}
	p.Enabled = p.Enabled && complete
}

func (l *loader) checkProviderURL(name, raw string) {
	if raw == "" {
		return
	}
	u, ok := parsePlainURL(raw)
	switch {
	case !ok || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.Contains(raw, "#"):
		l.problem(name, "must be an https URL without user and fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		l.unsafe(name, plainHTTP)
	default:
		if _, err := url.ParseQuery(u.RawQuery); err != nil {
			l.problem(name, "must have a query that is properly encoded, or none")
		}
	}
}

// parseAppleKey reads a private key on P-256 in PEM, or in base64 of PEM.
func parseAppleKey(text string) (ecdsa.PrivateKey, error) {
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
		text = string(decoded)
	}
	key, message := privateKey(text)
	if message != "" {
		return ecdsa.PrivateKey{}, mistakes{message}
	}
	if own, ok := key.(*ecdsa.PrivateKey); ok && own.Curve == elliptic.P256() {
		return *own, nil
	}
	return ecdsa.PrivateKey{}, mistakes{fmt.Sprintf("must be a key on the curve %s", elliptic.P256().Params().Name)}
}
