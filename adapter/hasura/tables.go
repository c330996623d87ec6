package hasura

import (
	"strings"
	"unicode"
)

const (
	source = "default"
	schema = "auth"
)

// table is a table of the schema auth as apps see it through Hasura.
type table struct {
	name             string
	plural, singular string // in GraphQL
	enum             bool
	columns          string // names in GraphQL; in the table they are the same in snake_case
	others           map[string]string
	objects          map[string]string // relationships to one row: the column with the foreign key
	arrays           map[string]string // relationships to many rows: table.column with the foreign key
}

// tables are those that hasura-auth tracks. Bookkeeping, and what is hexauth's own, stays unknown to Hasura.
func tables() []table {
	return []table{
		{name: "provider_requests", plural: "authProviderRequests", singular: "authProviderRequest", columns: "id options"},
		{
			name: "refresh_token_types", plural: "authRefreshTokenTypes", singular: "authRefreshTokenType", enum: true, columns: "value comment",
			arrays: map[string]string{"refreshTokens": "refresh_tokens.type"},
		},
		{
			name: "refresh_tokens", plural: "authRefreshTokens", singular: "authRefreshToken", columns: "refreshTokenHash createdAt expiresAt userId",
			objects: map[string]string{"user": "user_id"},
		},
		{
			name: "roles", plural: "authRoles", singular: "authRole", columns: "role",
			arrays: map[string]string{"userRoles": "user_roles.role", "usersByDefaultRole": "users.default_role"},
		},
		{
			name: "user_providers", plural: "authUserProviders", singular: "authUserProvider",
			columns: "id createdAt updatedAt userId accessToken refreshToken providerId providerUserId",
			objects: map[string]string{"user": "user_id", "provider": "provider_id"},
		},
		{
			name: "user_roles", plural: "authUserRoles", singular: "authUserRole", columns: "id createdAt userId role",
			objects: map[string]string{"user": "user_id", "roleByRole": "role"},
		},
		{
			name: "users", plural: "users", singular: "user",
			columns: "id createdAt updatedAt lastSeen disabled displayName avatarUrl locale email phoneNumber passwordHash emailVerified " +
				"phoneNumberVerified newEmail otpMethodLastUsed otpHash otpHashExpiresAt defaultRole isAnonymous totpSecret activeMfaType ticket ticketExpiresAt",
			others:  map[string]string{"webauthn_current_challenge": "currentChallenge"},
			objects: map[string]string{"defaultRoleByRole": "default_role"},
			arrays: map[string]string{
				"userProviders": "user_providers.user_id", "roles": "user_roles.user_id", "refreshTokens": "refresh_tokens.user_id",
				"securityKeys": "user_security_keys.user_id", "oauth2AuthRequests": "oauth2_auth_requests.user_id",
				"oauth2RefreshTokens": "oauth2_refresh_tokens.user_id",
			},
		},
		{
			name: "providers", plural: "authProviders", singular: "authProvider", columns: "id",
			arrays: map[string]string{"userProviders": "user_providers.provider_id"},
		},
		{
			name: "user_security_keys", plural: "authUserSecurityKeys", singular: "authUserSecurityKey", columns: "id userId credentialId credentialPublicKey",
			objects: map[string]string{"user": "user_id"},
		},
		{
			name: "oauth2_clients", plural: "authOauth2Clients", singular: "authOauth2Client",
			columns: "clientId clientSecretHash redirectUris scopes type metadata metadataDocumentFetchedAt createdBy createdAt updatedAt",
			objects: map[string]string{"createdByUser": "created_by"},
			arrays:  map[string]string{"authRequests": "oauth2_auth_requests.client_id", "oauth2RefreshTokens": "oauth2_refresh_tokens.client_id"},
		},
		{
			name: "oauth2_auth_requests", plural: "authOauth2AuthRequests", singular: "authOauth2AuthRequest",
			columns: "id clientId scopes redirectUri state nonce responseType codeChallenge codeChallengeMethod resource userId done authTime createdAt expiresAt",
			objects: map[string]string{"client": "client_id", "user": "user_id"},
			arrays: map[string]string{
				"authorizationCodes": "oauth2_authorization_codes.auth_request_id", "refreshTokens": "oauth2_refresh_tokens.auth_request_id",
			},
		},
		{
			name: "oauth2_authorization_codes", plural: "authOauth2AuthorizationCodes", singular: "authOauth2AuthorizationCode",
			columns: "id codeHash authRequestId createdAt expiresAt", objects: map[string]string{"authRequest": "auth_request_id"},
		},
		{
			name: "oauth2_refresh_tokens", plural: "authOauth2RefreshTokens", singular: "authOauth2RefreshToken",
			columns: "id tokenHash authRequestId clientId userId scopes createdAt expiresAt",
			objects: map[string]string{"authRequest": "auth_request_id", "client": "client_id", "user": "user_id"},
		},
	}
}

// columnNames returns the names in GraphQL by those in the table.
func (t table) columnNames() map[string]string {
	names := map[string]string{}
	for name := range strings.FieldsSeq(t.columns) {
		names[snake(name)] = name
	}
	for column, name := range t.others {
		names[column] = name
	}
	return names
}

// rootFields returns the names of what can be asked for and done with the table.
func (t table) rootFields() map[string]string {
	upper := func(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
	fields := map[string]string{"select": t.plural, "select_by_pk": t.singular, "select_aggregate": t.plural + "Aggregate"}
	for _, verb := range []string{"insert", "update", "delete"} {
		fields[verb] = verb + upper(t.plural)
	}
	fields["insert_one"] = "insert" + upper(t.singular)
	fields["update_by_pk"] = "update" + upper(t.singular)
	fields["delete_by_pk"] = "delete" + upper(t.singular)
	return fields
}

// snake writes camelCase as snake_case.
func snake(name string) string {
	var text strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			text.WriteByte('_')
		}
		text.WriteRune(unicode.ToLower(r))
	}
	return text.String()
}
