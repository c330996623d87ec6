package rest

import (
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

func optionsOf(o api.SignUpOptions) domain.SignUpOptions {
	options := domain.SignUpOptions{
		DefaultRole: domain.Role(o.DefaultRole), DisplayName: o.DisplayName, Locale: o.Locale,
		Metadata: domain.Metadata(o.Metadata), RedirectTo: o.RedirectTo,
	}
	if o.AllowedRoles != nil {
		options.AllowedRoles = make([]domain.Role, len(o.AllowedRoles))
		for i, role := range o.AllowedRoles {
			options.AllowedRoles[i] = domain.Role(role)
		}
	}
	return options
}

// emailSignInOf reads the requests that begin with an address alone.
func emailSignInOf(address string, options api.SignUpOptions, codeChallenge string) (usecase.EmailSignInInput, error) {
	email, err := domain.ParseEmail("email", address)
	return usecase.EmailSignInInput{Email: email, Options: optionsOf(options), CodeChallenge: codeChallenge}, err
}

// mailInputOf reads the requests for a mail to an address.
func mailInputOf(field, address string, options api.OptionsRedirectTo, codeChallenge string) (usecase.MailInput, error) {
	email, err := domain.ParseEmail(field, address)
	return usecase.MailInput{Email: email, RedirectTo: options.RedirectTo, CodeChallenge: codeChallenge}, err
}

func sessionOf(s usecase.Session) api.Session {
	return api.Session{
		AccessToken: s.AccessToken, AccessTokenExpiresIn: int64(s.ExpiresIn.Seconds()),
		RefreshToken: string(s.RefreshToken), RefreshTokenID: string(s.ID), User: userOf(s.User),
	}
}

// signedInOf reads what a first factor gave: one of both is nil, or both are while a mail is on its way.
func signedInOf(s usecase.SignedIn) (*api.Session, *api.MFAChallengePayload) {
	switch {
	case s.MFATicket != "":
		return nil, &api.MFAChallengePayload{Ticket: string(s.MFATicket)}
	case s.Session == nil:
		return nil, nil
	}
	session := sessionOf(*s.Session)
	return &session, nil
}

// payloadOf is {"session": …}, or {} without one.
func payloadOf(s *usecase.Session) api.SessionPayload {
	if s == nil {
		return api.SessionPayload{}
	}
	session := sessionOf(*s)
	return api.SessionPayload{Session: &session}
}

func userOf(u domain.User) api.User {
	user := api.User{
		ID: string(u.ID), CreatedAt: u.CreatedAt, DisplayName: u.DisplayName, AvatarURL: u.AvatarURL, Locale: u.Locale,
		Email: string(u.Email), EmailVerified: u.EmailVerified, PhoneNumber: u.PhoneNumber, PhoneNumberVerified: u.PhoneNumberVerified,
		DefaultRole: string(u.DefaultRole), Roles: make([]string, len(u.Roles)), IsAnonymous: u.IsAnonymous,
		Metadata: metadataJSON(u.Metadata),
	}
	for i, role := range u.Roles {
		user.Roles[i] = string(role)
	}
	if u.ActiveMFA != domain.NoMFA {
		mfa := string(u.ActiveMFA)
		user.ActiveMfaType = &mfa
	}
	return user
}

func jwkOf(k domain.JWK) api.JWK {
	return api.JWK{Kty: k.KeyType, Kid: k.KeyID, Alg: k.Algorithm, Use: "sig", Crv: k.Curve, N: k.N, E: k.E, X: k.X, Y: k.Y}
}

// openSessionOf shows a session to who is signed in with current.
func openSessionOf(s domain.OpenSession, current domain.SessionID) api.OpenSession {
	return api.OpenSession{
		ID: string(s.ID), CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
		UserAgent: s.Device.UserAgent, Address: s.Device.Address, Current: s.ID == current,
	}
}

func patOf(token domain.PersonalAccessToken) api.PersonalAccessToken {
	return api.PersonalAccessToken{ID: token.ID, CreatedAt: token.CreatedAt, ExpiresAt: token.ExpiresAt, Metadata: metadataJSON(token.Metadata)}
}
