package domain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseEmail_TakesWhatTheDatabaseTakesAndAMailServerCanReach(t *testing.T) {
	for _, good := range []string{
		"jane@example.com", "Jane.Doe+tag@Example.co.uk", "o'brien_%!#$&*/=?^`{|}~-@example.com", "x@a-b.example", "a@b.c.d.museum",
		"jane@xn--bcher-kva.example", "jane@example.xn--p1ai", "1@1.de",
	} {
		email, err := ParseEmail("email", good)
		require.NoError(t, err, good)
		require.Equal(t, Email(good), email)
	}
	for _, bad := range []string{
		"", "jane", "@example.com", "jane@", "jane@localhost", "jane@example.1", "jane@127.0.0.1", "jane@[127.0.0.1]", "jane@@example.com",
		"jane@exa mple.com", " jane@example.com", "jane@example.com ", "jane@example.com\n", "jane@-example.com", "jane@example-.com",
		"jane@.com", "jane@example..com", "jane@example.com.", `"jane doe"@example.com`, "jürgen@example.com", "jane@bücher.example",
		"jane@example.com\x00", "jane<script>@example.com", "jane@example.c", "a@b", "jane,joe@example.com",
		string(make([]byte, 65)) + "@example.com",
	} {
		_, err := ParseEmail("options.email", bad)
		var field *FieldError
		require.ErrorAs(t, err, &field, "%q", bad)
		require.Equal(t, "options.email", field.Field)
		require.ErrorIs(t, err, SchemaValidation)
	}
}

func TestParseEmail_KeepsToTheLengthsOfSMTP(t *testing.T) {
	local := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = 'a'
		}
		return string(text)
	}
	_, err := ParseEmail("email", local(64)+"@example.com")
	require.NoError(t, err)
	_, err = ParseEmail("email", local(65)+"@example.com")
	require.Error(t, err)
	domain := local(60) + "." + local(60) + "." + local(60) + ".example.com"
	_, err = ParseEmail("email", local(254-1-len(domain))+"@"+domain)
	require.NoError(t, err)
	_, err = ParseEmail("email", local(255-1-len(domain))+"@"+domain)
	require.Error(t, err)
}

func TestAvatarPolicy_HashesTheAddressInLowerCase(t *testing.T) {
	policy := AvatarPolicy{Gravatar: true, Default: "mp", Rating: "pg"}
	// printf jane@example.com | md5sum
	require.Equal(t, "https://www.gravatar.com/avatar/9e26471d35a78862c17e467d87cddedf?d=mp&r=pg", policy.For("Jane@Example.com"))
	require.Empty(t, policy.For(""))
	require.Empty(t, AvatarPolicy{}.For("jane@example.com"))
}

func TestSignInPolicy_TellsTheFirstReasonInOrder(t *testing.T) {
	policy := SignInPolicy{Emails: NewEmailAccessPolicy(nil, nil, nil, []string{"blocked.example"}), RequireVerified: true}
	blocked := User{Email: "jane@blocked.example", Disabled: true}
	require.Equal(t, error(InvalidEmailPassword), policy.MaySignIn(blocked))
	require.Equal(t, error(DisabledUser), policy.MayRefresh(blocked), "the lists do not end a session")
	require.Equal(t, error(DisabledUser), policy.MaySignIn(User{Email: "jane@example.com", Disabled: true}))
	require.Equal(t, error(UnverifiedUser), policy.MaySignIn(User{Email: "jane@example.com"}))
	require.NoError(t, policy.MaySignIn(User{Email: "jane@example.com", EmailVerified: true}))
	require.NoError(t, policy.MaySignIn(User{PhoneNumber: "+12025550123"}), "no address, no rule about addresses")
	require.Equal(t, error(DisabledUser), policy.MayRefresh(User{Disabled: true}), "nor does its absence let anybody through")
	require.NoError(t, policy.MayRefresh(User{IsAnonymous: true}))
	require.Equal(t, error(ForbiddenAnonymous), policy.MayAct(User{IsAnonymous: true}))
}

func TestPasswordPolicy_CountsBytes(t *testing.T) {
	policy := PasswordPolicy{MinLength: 9, MaxLength: 72}
	require.Equal(t, error(PasswordTooShort), policy.Check("password", "12345678"))
	require.NoError(t, policy.Check("password", "äöüäö"))
	require.NoError(t, policy.Check("password", string(make([]byte, 72))))
	require.ErrorIs(t, policy.Check("password", string(make([]byte, 73))), InvalidRequest)
	require.NoError(t, PasswordPolicy{}.Check("password", string(make([]byte, 200))))
}

func TestSignUpPolicy_CompletesWhatIsNotStated(t *testing.T) {
	redirects, err := NewRedirectPolicy("https://app.example.com", nil)
	require.NoError(t, err)
	policy := SignUpPolicy{DefaultRole: "user", AllowedRoles: []Role{"me", "user"}, DefaultLocale: "en", Locales: []string{"en", "de"}, Redirects: redirects}
	profile, err := policy.Resolve(SignUpOptions{Locale: "xx"}, "jane@example.com")
	require.NoError(t, err)
	require.Equal(t, Profile{
		Roles: []Role{"me", "user"}, DefaultRole: "user", DisplayName: "jane@example.com", Locale: "en", RedirectTo: "https://app.example.com",
	}, profile)
	profile, err = policy.Resolve(SignUpOptions{AllowedRoles: []Role{"me", "me"}, DefaultRole: "me", Locale: "de", DisplayName: "Jane"}, "x")
	require.NoError(t, err)
	require.Equal(t, []Role{"me"}, profile.Roles, "a role given twice counts once")
	require.Equal(t, "de", profile.Locale)
	require.Equal(t, "Jane", profile.DisplayName)
	_, err = policy.Resolve(SignUpOptions{AllowedRoles: []Role{}}, "x")
	require.Equal(t, error(DefaultRoleMustBeInAllowedRoles), err, "no role at all is a statement")
}

func TestKeyStates_FollowAKeyThroughItsLife(t *testing.T) {
	begin := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	keys := []SigningKey{{Generation: 1, ActivateAt: begin}, {Generation: 2, ActivateAt: begin.Add(time.Hour)}, {Generation: 3, ActivateAt: begin.Add(2 * time.Hour)}}
	statesAt := func(at time.Time) (states []SigningKeyState) {
		for _, s := range KeyStates(keys, at, 20*time.Minute) {
			states = append(states, s.State)
		}
		return states
	}
	require.Equal(t, []SigningKeyState{KeySigning, KeyUpcoming, KeyUpcoming}, statesAt(begin))
	require.Equal(t, []SigningKeyState{KeyRetiring, KeySigning, KeyUpcoming}, statesAt(begin.Add(time.Hour)))
	require.Equal(t, []SigningKeyState{KeyRetiring, KeySigning, KeyUpcoming}, statesAt(begin.Add(80*time.Minute-1)))
	require.Equal(t, []SigningKeyState{KeyRetired, KeySigning, KeyUpcoming}, statesAt(begin.Add(80*time.Minute)))
	require.Equal(t, []SigningKeyState{KeyRetired, KeyRetiring, KeySigning}, statesAt(begin.Add(2*time.Hour)))
	require.Equal(t, begin.Add(80*time.Minute), KeyStates(keys, begin.Add(time.Hour), 20*time.Minute)[0].RetiredAt)
	require.Empty(t, KeyStates(nil, begin, time.Hour))
}
