package rest

import (
	"time"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

func newUserOf(r api.AdminCreateUserRequest) (in usecase.AdminCreateUserInput, err error) {
	in = usecase.AdminCreateUserInput{
		EmailVerified: r.EmailVerified, Disabled: r.Disabled, Password: r.Password, DefaultRole: domain.Role(r.DefaultRole), Locale: r.Locale,
		Metadata: domain.Metadata(r.Metadata),
	}
	if in.Email, err = domain.ParseEmail("email", r.Email); err != nil {
		return in, err
	}
	if in.DisplayName, err = domain.ParseDisplayName("displayName", r.DisplayName); err != nil {
		return in, err
	}
	in.Roles, err = domain.ParseRoles("roles", r.Roles)
	return in, err
}

func changeOf(r api.AdminUpdateUserRequest) (change domain.UserChange, err error) {
	change = domain.UserChange{Disabled: r.Disabled, EmailVerified: r.EmailVerified, DisplayName: r.DisplayName, Locale: r.Locale}
	if r.Email != nil {
		email, err := domain.ParseEmail("email", *r.Email)
		if err != nil {
			return change, err
		}
		change.Email = &email
	}
	if r.DisplayName != nil {
		if _, err := domain.ParseDisplayName("displayName", *r.DisplayName); err != nil {
			return change, err
		}
	}
	if r.DefaultRole != nil {
		role := domain.Role(*r.DefaultRole)
		change.DefaultRole = &role
	}
	if r.Metadata != nil {
		metadata := domain.Metadata(r.Metadata)
		if metadata == "null" {
			metadata = ""
		}
		change.Metadata = &metadata
	}
	if r.Roles != nil {
		change.Roles, err = domain.ParseRoles("roles", *r.Roles)
	}
	return change, err
}

// PageOf is a page of users as the contract has it.
func PageOf(page domain.UserPage) api.AdminListUsersResponse {
	return api.AdminListUsersResponse{Users: each(page.Accounts, AccountOf), NextCursor: page.Next.Cursor()}
}

// AccountOf is an account as the contract shows it to administrators.
func AccountOf(a domain.Account) api.AdminUser {
	user := userOf(a.User)
	return api.AdminUser{
		ID: user.ID, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, LastSeenAt: known(a.LastSeenAt), Disabled: a.Disabled,
		DisplayName: user.DisplayName, AvatarURL: user.AvatarURL, Locale: user.Locale, Email: user.Email, EmailVerified: user.EmailVerified,
		NewEmail: string(a.NewEmail), PhoneNumber: user.PhoneNumber, PhoneNumberVerified: user.PhoneNumberVerified,
		HasPassword: a.PasswordHash != "", ActiveMfaType: user.ActiveMfaType, RecoveryCodesLeft: a.RecoveryCodesLeft, IsAnonymous: user.IsAnonymous,
		DefaultRole: user.DefaultRole, Roles: user.Roles, Metadata: user.Metadata,
	}
}

// SessionsOf are sessions as the contract shows them to who has none of them.
func SessionsOf(sessions []domain.OpenSession) []api.OpenSession {
	return each(sessions, func(s domain.OpenSession) api.OpenSession { return openSessionOf(s, "") })
}

// ExportOf is everything about a user as the contract has it. Secrets have no place in it.
func ExportOf(e domain.AccountExport) api.AdminExport {
	return api.AdminExport{
		User: AccountOf(e.Account), Sessions: SessionsOf(e.Sessions),
		PersonalAccessTokens: each(e.Tokens, patOf),
		SecurityKeys: each(e.SecurityKeys, func(k domain.SecurityKey) api.AdminSecurityKey {
			return api.AdminSecurityKey{
				ID: string(k.ID), CredentialID: k.CredentialID, Nickname: k.Nickname, BackedUp: k.BackedUp,
				CreatedAt: known(k.CreatedAt), LastUsedAt: known(k.LastUsedAt),
			}
		}),
		Providers: each(e.Providers, func(l domain.ProviderLink) api.AdminProviderLink {
			return api.AdminProviderLink{Provider: l.Identity.Provider, AccountID: l.Identity.Account(), CreatedAt: l.CreatedAt}
		}),
		Applications: each(e.Grants, func(g domain.OAuth2Grant) api.AdminApplication {
			return api.AdminApplication{ClientID: g.ClientID, CreatedAt: g.CreatedAt, ExpiresAt: g.ExpiresAt}
		}),
		Tickets: each(e.Tickets, func(t domain.TicketRecord) api.AdminTicket {
			return api.AdminTicket{Purpose: string(t.Purpose), Email: string(t.Email), CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
		}),
		Messages: each(e.Messages, func(m domain.QueuedMessage) api.AdminMessage {
			return api.AdminMessage{Template: string(m.Template), To: m.To, CreatedAt: m.CreatedAt}
		}),
		Events: each(e.Events, EventOf),
	}
}

// EventOf is an event as the contract has it.
func EventOf(e domain.Event) api.AdminEvent {
	return api.AdminEvent{
		ID: e.ID, Type: string(e.Kind), Timestamp: e.At, Actor: api.AdminEventActor(e.Actor), UserID: string(e.UserID), SessionID: string(e.SessionID),
		Method: string(e.Method), Target: e.Target, Reason: string(e.Reason), Address: e.Device.Address, UserAgent: e.Device.UserAgent,
		RequestID: e.RequestID,
	}
}

// each converts a list, which is never null in JSON.
func each[From, To any](list []From, convert func(From) To) []To {
	converted := make([]To, len(list))
	for i, value := range list {
		converted[i] = convert(value)
	}
	return converted
}

// known is nil for a time that nobody knows.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
