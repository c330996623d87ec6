package jwt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	// DefaultNamespace is the claim under which Hasura looks for its claims.
	DefaultNamespace = "https://hasura.io/jwt/claims"

	// JWKSMaxAge is for how long others may keep the published keys. A key must be published for longer before it signs.
	JWKSMaxAge = 60 * time.Second

	// maxTokenBytes bounds what is parsed at all, before anything else looks at it: a header of 8 KiB is what servers and
	// proxies let through.
	maxTokenBytes = 8 << 10

	// maxSignature is what is set aside for two dots and a signature in base64url: that of RS* with 2048 bits.
	maxSignature = 344

	// maxClockSkew is how far in the future a token may have been issued. A token is presented to another instance a moment
	// after it was issued, and the clocks of two machines differ; without this, that instance would refuse it. Nothing is
	// lost: who can forge iat can forge all of it. exp gets no such leeway.
	maxClockSkew = 60 * time.Second
)

// The names of Hasura's claims.
const (
	claimAllowedRoles = "x-hasura-allowed-roles"
	claimDefaultRole  = "x-hasura-default-role"
	claimUserID       = "x-hasura-user-id"
	claimIsAnonymous  = "x-hasura-user-is-anonymous"
	claimElevated     = "x-hasura-auth-elevated"
)

// claimSession names the session (OpenID Connect Front-Channel Logout 1.0 §3). The peer's tokens have none.
const claimSession = "sid"

// Why tokens are refused, beside the reasons of the library.
var (
	errTooLong    = errors.New("token is too long")
	errHeader     = errors.New("token has a critical extension or is of another type")
	errAlgorithm  = errors.New("token is not signed with the algorithm of the key")
	errUnknownKey = errors.New("token is signed with an unknown key")
	errIssuer     = errors.New("token is of another issuer")
	errIssuedAt   = errors.New("token has no time of issue or one in the future")
	errOtherUse   = errors.New("token is made for another use")
	errMalformed  = errors.New("token is malformed or lacks claims")
)

// Options are what both sources of keys need.
type Options struct {
	Issuer          string   // the iss of new tokens
	LegacyIssuers   []string // what iss may be besides, such as "hasura-auth" after a take-over
	ClaimsNamespace string   // "": DefaultNamespace
	Clock           port.Clock
}

// codec writes claims into tokens and reads them back.
type codec struct {
	o            Options
	issuers      []string
	namespaceKey []byte // ,"<namespace>":
	parser       *gojwt.Parser
}

func newCodec(o Options) (*codec, error) {
	if o.Issuer == "" || o.Clock == nil {
		return nil, errors.New("access tokens need an issuer and a clock")
	}
	if o.ClaimsNamespace == "" {
		o.ClaimsNamespace = DefaultNamespace
	}
	namespace, err := json.Marshal(o.ClaimsNamespace)
	if err != nil {
		return nil, err
	}
	return &codec{
		o:            o,
		issuers:      append([]string{o.Issuer}, o.LegacyIssuers...),
		namespaceKey: slices.Concat([]byte(","), namespace, []byte(":")),
		parser: gojwt.NewParser(gojwt.WithValidMethods(Algorithms()), gojwt.WithStrictDecoding(),
			gojwt.WithTimeFunc(o.Clock.Now)),
	}, nil
}

// hasuraClaims are the claims below the namespace.
type hasuraClaims struct {
	AllowedRoles []domain.Role `json:"x-hasura-allowed-roles"`
	Elevated     domain.UserID `json:"x-hasura-auth-elevated,omitempty"`
	DefaultRole  domain.Role   `json:"x-hasura-default-role"`
	UserID       domain.UserID `json:"x-hasura-user-id"`
	IsAnonymous  string        `json:"x-hasura-user-is-anonymous"`
}

// registeredClaims are those of RFC 7519 §4.1 that a token has: no aud, jti or nbf.
type registeredClaims struct {
	ExpiresAt int64            `json:"exp"`
	IssuedAt  int64            `json:"iat"`
	Issuer    string           `json:"iss"`
	SessionID domain.SessionID `json:"sid,omitempty"`
	Subject   domain.UserID    `json:"sub"`
}

// sign writes the claims of the contract. Every refresh comes through here, so the token is put together without maps: the
// header is the key's, the claims are two structs, and the library signs (RFC 7515 §7.1).
func (c *codec) sign(p *pair, claims domain.Claims) (string, error) {
	hasura := hasuraClaims{
		AllowedRoles: append([]domain.Role{}, claims.AllowedRoles...), DefaultRole: claims.DefaultRole,
		UserID: claims.Subject, IsAnonymous: strconv.FormatBool(claims.IsAnonymous),
	}
	if claims.Elevated {
		hasura.Elevated = claims.Subject
	}
	registered, err := json.Marshal(registeredClaims{
		ExpiresAt: claims.ExpiresAt.Unix(), IssuedAt: claims.IssuedAt.Unix(), Issuer: c.o.Issuer,
		SessionID: claims.SessionID, Subject: claims.Subject,
	})
	if err != nil {
		return "", err
	}
	below, err := json.Marshal(hasura)
	if err != nil {
		return "", err
	}
	custom, err := customClaims(claims.Custom)
	if err != nil {
		return "", err
	}
	payload := slices.Concat(registered[:len(registered)-1], c.namespaceKey, below[:len(below)-1], custom, []byte("}}"))
	token := make([]byte, 0, len(p.header)+base64.RawURLEncoding.EncodedLen(len(payload))+maxSignature)
	token = base64.RawURLEncoding.AppendEncode(append(append(token, p.header...), '.'), payload)
	signature, err := p.method.Sign(string(token), p.signer)
	if err != nil {
		return "", err
	}
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature)), nil
}

// verify reads an access token whose key find returns by its kid, "" when it has none. An error of find that is no
// domain.Unauthorized is returned as it is; everything else is domain.Unauthorized with the reason.
func (c *codec) verify(token string, find func(kid string) (*pair, error)) (domain.Claims, error) {
	if len(token) > maxTokenBytes {
		return refuse(errTooLong)
	}
	if strings.ContainsAny(token, "\r\n") { // base64 decoders skip them
		return refuse(errMalformed)
	}
	var trouble error
	parsed, err := c.parser.Parse(token, func(t *gojwt.Token) (any, error) {
		kid, err := readHeader(t.Header)
		if err != nil {
			return nil, err
		}
		p, err := find(kid)
		if err != nil {
			if !errors.Is(err, errUnknownKey) {
				trouble = err
			}
			return nil, err
		}
		if t.Method.Alg() != p.algorithm {
			return nil, errAlgorithm
		}
		return p.verifier, nil
	})
	if trouble != nil {
		return domain.Claims{}, trouble
	}
	if err != nil {
		return refuse(err)
	}
	claims, err := c.read(parsed.Claims.(gojwt.MapClaims))
	if err != nil {
		return refuse(err)
	}
	return claims, nil
}

func refuse(reason error) (domain.Claims, error) {
	return domain.Claims{}, fmt.Errorf("%w: %w", domain.Unauthorized, reason)
}

// readHeader returns the kid. Extensions are refused, as RFC 7515 §4.1.11 wants of who knows none, and so are types that are
// given to other tokens (RFC 8725 §3.11), such as at+jwt.
func readHeader(header map[string]any) (kid string, err error) {
	if _, critical := header["crit"]; critical {
		return "", errHeader
	}
	if typ, given := header["typ"]; given {
		if text, ok := typ.(string); !ok || !strings.EqualFold(text, "JWT") {
			return "", errHeader
		}
	}
	if id, given := header["kid"]; given {
		text, ok := id.(string)
		if !ok || text == "" {
			return "", errUnknownKey
		}
		return text, nil
	}
	return "", nil
}

// read judges the claims of a token whose signature and expiry are good.
func (c *codec) read(m gojwt.MapClaims) (domain.Claims, error) {
	for _, foreign := range []string{"aud", "scope"} { // tokens of OAuth2 clients and id tokens
		if _, given := m[foreign]; given {
			return domain.Claims{}, errOtherUse
		}
	}
	if issuer, err := m.GetIssuer(); err != nil || !slices.Contains(c.issuers, issuer) {
		return domain.Claims{}, errIssuer
	}
	issued, err := m.GetIssuedAt()
	if err != nil || issued == nil || issued.After(c.o.Clock.Now().Add(maxClockSkew)) {
		return domain.Claims{}, errIssuedAt
	}
	expires, err := m.GetExpirationTime()
	if err != nil || expires == nil {
		return domain.Claims{}, errMalformed
	}
	hasura, ok := m[c.o.ClaimsNamespace].(map[string]any)
	if !ok {
		return domain.Claims{}, errOtherUse
	}
	claims, err := readHasura(hasura)
	if subject, _ := m["sub"].(string); err == nil && subject != string(claims.Subject) {
		err = errMalformed
	}
	if session, given := m[claimSession]; given && err == nil {
		text, _ := session.(string)
		if !isUUID(text) {
			err = errMalformed
		}
		claims.SessionID = domain.SessionID(text)
	}
	claims.IssuedAt, claims.ExpiresAt = issued.UTC(), expires.UTC()
	return claims, err
}

func readHasura(m map[string]any) (domain.Claims, error) {
	id, _ := m[claimUserID].(string)
	anonymous, _ := m[claimIsAnonymous].(string)
	role, _ := m[claimDefaultRole].(string)
	list, ok := m[claimAllowedRoles].([]any)
	if !ok || role == "" || !isUUID(id) || anonymous != "true" && anonymous != "false" {
		return domain.Claims{}, errMalformed
	}
	roles := make([]domain.Role, len(list))
	for i, item := range list {
		name, ok := item.(string)
		if !ok {
			return domain.Claims{}, errMalformed
		}
		roles[i] = domain.Role(name)
	}
	return domain.Claims{
		Subject: domain.UserID(id), AllowedRoles: roles, DefaultRole: domain.Role(role),
		IsAnonymous: anonymous == "true", Elevated: m[claimElevated] == id,
	}, nil
}

// isUUID tells whether text is a UUID in lower case, the only form in which user ids are written.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
