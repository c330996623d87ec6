package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseUserRef_TakesAnIDInAnyCaseOrAnAddress(t *testing.T) {
	for text, want := range map[string]UserRef{
		"0B0E7C5E-8a4b-4f2f-9d5e-3c1f6a7b8c9d": {ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"},
		"Jane@Example.com":                     {Email: "Jane@Example.com"},
	} {
		got, err := ParseUserRef("USER", text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "jane", "0b0e7c5e8a4b4f2f9d5e3c1f6a7b8c9d", "jane@", "a@b\x00.com"} {
		_, err := ParseUserRef("USER", text)
		require.Equal(t, &FieldError{Code: InvalidRequest, Field: "USER", Reason: "must be the id or the e-mail address of a user"}, err)
	}
}

func TestParseRoles_DropsRepetitionsAndRefusesWhatNobodyCanWrite(t *testing.T) {
	roles, err := ParseRoles("roles", []string{"user", "équipe:1", "user"})
	require.NoError(t, err)
	require.Equal(t, []Role{"user", "équipe:1"}, roles)
	for _, name := range []string{"", " user", "a,b", "{user}", "a\x00", strings.Repeat("x", 129)} {
		_, err := ParseRoles("roles", []string{"user", name})
		require.ErrorIs(t, err, InvalidRequest, name)
	}
}

func TestDefaultRoleAmong_IsTheStatedTheUsualOrTheFirst(t *testing.T) {
	roles := []Role{"editor", "me", "user"}
	for _, c := range []struct {
		stated Role
		usual  []Role
		want   Role
	}{{"me", []Role{"user"}, "me"}, {"", []Role{"gone", "user"}, "user"}, {"", []Role{"gone"}, "editor"}, {"", nil, "editor"}} {
		got, err := DefaultRoleAmong(roles, c.stated, c.usual...)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err := DefaultRoleAmong(roles, "admin")
	require.Equal(t, error(DefaultRoleMustBeInAllowedRoles), err)
	_, err = DefaultRoleAmong(nil, "")
	require.Equal(t, error(DefaultRoleMustBeInAllowedRoles), err)
}

func TestUserQuery_ACursorLeadsBackToItsPlace(t *testing.T) {
	const id = UserID("0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d")
	at := PositionAt(User{ID: id, CreatedAt: time.Date(2026, 5, 4, 3, 2, 1, 123456000, time.UTC)})
	q, err := NewUserQuery("", at.Cursor(), 7)
	require.NoError(t, err)
	require.Equal(t, UserQuery{After: at, Limit: 7}, q)
	found := UserPosition{Key: "jane ☺ doe", ID: id}
	q, err = NewUserQuery(" Jane ", found.Cursor(), 0)
	require.NoError(t, err)
	require.Equal(t, UserQuery{Search: "Jane", After: found, Limit: DefaultPage}, q)
	require.Empty(t, UserPosition{}.Cursor())
	require.Equal(t, id, UserQuery{Search: strings.ToUpper(string(id))}.ID())
	require.Empty(t, UserQuery{Search: "jane"}.ID())
}

func TestUserQuery_RefusesWhatNoListGave(t *testing.T) {
	searched := UserPosition{Key: "jane", ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"}.Cursor()
	for _, c := range []struct {
		search, cursor string
		limit          int
		field          string
	}{
		{"", "!", 0, "cursor"}, {"", "AAAA", 0, "cursor"}, {"", searched, 0, "cursor"}, {"x", strings.Repeat("A", 48), 0, "cursor"},
		{"", "", -1, "limit"}, {"", "", 201, "limit"}, {strings.Repeat("x", 255), "", 0, "search"},
	} {
		_, err := NewUserQuery(c.search, c.cursor, c.limit)
		var field *FieldError
		require.ErrorAs(t, err, &field)
		require.Equal(t, c.field, field.Field)
		require.Equal(t, InvalidRequest, field.Code)
	}
}

func TestAdminSecret_LetsInWhoKnowsItAndNobodyWhileThereIsNone(t *testing.T) {
	secret := NewAdminSecret("a secret of at least 32 characters")
	require.NoError(t, secret.Check("a secret of at least 32 characters"))
	for _, wrong := range []string{"", "a secret of at least 32 character", "a secret of at least 32 characters ", "A secret of at least 32 characters"} {
		require.Equal(t, error(InvalidAdminSecret), secret.Check(wrong), wrong)
	}
	for _, presented := range []string{"", "anything"} {
		require.Equal(t, error(DisabledEndpoint), NewAdminSecret("").Check(presented))
		require.Equal(t, error(DisabledEndpoint), AdminSecret{}.Check(presented))
	}
}
