package webauthn_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/webauthn"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	jane domain.UserID = "2c35b6f3-c4b9-48e3-978a-d4d0f1d42e24"
	joe  domain.UserID = "9a7c5a2e-6f0c-4f3d-8a51-3f1d2b7c6e10"

	// The base64url of the bytes 0 to 31.
	firstChallenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
)

func options() webauthn.Options {
	return webauthn.Options{
		RPID: rpID, RPName: "Example & Co", Origins: []string{"https://example.com:8443", origin + "/start"}, Random: rand.Reader,
	}
}

func newParty(t testing.TB, o webauthn.Options) *webauthn.RelyingParty {
	t.Helper()
	rp, err := webauthn.New(o)
	require.NoError(t, err)
	return rp
}

// counting returns a source whose first 32 bytes are 0 to 31.
func counting() io.Reader {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i)
	}
	return bytes.NewReader(b)
}

func fixedParty(t *testing.T) *webauthn.RelyingParty {
	o := options()
	o.Random = counting()
	return newParty(t, o)
}

func owner(id domain.UserID, keys ...domain.SecurityKey) port.KeyOwner {
	return port.KeyOwner{ID: id, Name: "Jane Doe", DisplayName: "Jane Doe", Keys: keys}
}

// twoKeys are as the store gives them: one whose transports and flags are known, and one that hasura-auth left.
func twoKeys() []domain.SecurityKey {
	return []domain.SecurityKey{
		{ID: "1", UserID: jane, CredentialID: "AQID", Transports: []string{"internal"}, BackupEligible: true, BackedUp: true},
		{ID: "2", UserID: jane, CredentialID: "_-8"},
	}
}

func TestBeginRegistration_GivesTheOptionsOfTheAPIUnwrapped(t *testing.T) {
	got, challenge, state, err := fixedParty(t).BeginRegistration(owner(jane, twoKeys()...), false)
	require.NoError(t, err)
	require.Equal(t, firstChallenge, challenge)
	require.JSONEq(t, `{
		"rp": {"name": "Example & Co", "id": "example.com"},
		"user": {"name": "Jane Doe", "displayName": "Jane Doe", "id": "2c35b6f3-c4b9-48e3-978a-d4d0f1d42e24"},
		"challenge": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"pubKeyCredParams": [
			{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -35}, {"type": "public-key", "alg": -36},
			{"type": "public-key", "alg": -257}, {"type": "public-key", "alg": -258}, {"type": "public-key", "alg": -259},
			{"type": "public-key", "alg": -37}, {"type": "public-key", "alg": -38}, {"type": "public-key", "alg": -39},
			{"type": "public-key", "alg": -8}
		],
		"timeout": 60000,
		"authenticatorSelection": {"requireResidentKey": false, "residentKey": "preferred", "userVerification": "preferred"},
		"attestation": "indirect",
		"excludeCredentials": [{"type": "public-key", "id": "AQID"}, {"type": "public-key", "id": "_-8"}]
	}`, string(got))
	require.Contains(t, state, `"challenge":"`+firstChallenge+`"`)
}

func TestBeginRegistration_ExcludesNothingForWhoHasNoKey(t *testing.T) {
	got, _, _, err := fixedParty(t).BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(got, &members))
	require.NotContains(t, members, "excludeCredentials")
}

func TestBeginAssertion_AllowsTheUsersKeys(t *testing.T) {
	o := owner(jane, twoKeys()...)
	got, challenge, state, err := fixedParty(t).BeginAssertion(&o, false)
	require.NoError(t, err)
	require.Equal(t, firstChallenge, challenge)
	require.JSONEq(t, `{
		"challenge": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "timeout": 60000, "rpId": "example.com",
		"allowCredentials": [{"type": "public-key", "id": "AQID"}, {"type": "public-key", "id": "_-8"}],
		"userVerification": "preferred"
	}`, string(got))
	require.Contains(t, state, `"challenge":"`+firstChallenge+`"`)
}

func TestBeginAssertion_DemandsUserVerificationWhenTold(t *testing.T) {
	o := owner(jane, twoKeys()[1])
	got, _, _, err := fixedParty(t).BeginAssertion(&o, true)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"challenge": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "timeout": 60000, "rpId": "example.com",
		"allowCredentials": [{"type": "public-key", "id": "_-8"}], "userVerification": "required"
	}`, string(got))
}

// The browser's autofill takes the same options, with "mediation: conditional" beside them; allowCredentials must be absent.
func TestBeginAssertion_WithoutUserAllowsAnyDiscoverableKey(t *testing.T) {
	got, challenge, _, err := fixedParty(t).BeginAssertion(nil, true)
	require.NoError(t, err)
	require.Equal(t, firstChallenge, challenge)
	require.JSONEq(t, `{
		"challenge": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "timeout": 60000, "rpId": "example.com",
		"userVerification": "required"
	}`, string(got))
}

func TestBeginAssertion_RefusesAUserWithoutKeys(t *testing.T) {
	o := owner(jane)
	_, _, _, err := fixedParty(t).BeginAssertion(&o, false)
	require.ErrorIs(t, err, domain.InvalidRequest)
}

func TestBegin_BlamesTheStoreForACredentialIDThatIsNone(t *testing.T) {
	o := owner(jane, domain.SecurityKey{ID: "7", CredentialID: "no base64!"})
	rp := newParty(t, options())
	_, _, _, err := rp.BeginAssertion(&o, false)
	require.ErrorContains(t, err, "security key 7")
	require.NotErrorIs(t, err, domain.InvalidRequest)
	_, _, _, err = rp.BeginRegistration(o, false)
	require.ErrorContains(t, err, "security key 7")
	require.NotErrorIs(t, err, domain.InvalidRequest)
}

func TestBegin_DrawsANewChallengeEachTime(t *testing.T) {
	rp, seen := newParty(t, options()), map[string]bool{}
	for range 10 {
		_, one, _, err := rp.BeginRegistration(owner(jane), false)
		require.NoError(t, err)
		_, other, _, err := rp.BeginAssertion(nil, false)
		require.NoError(t, err)
		seen[one], seen[other] = true, true
	}
	require.Len(t, seen, 20)
}

func TestBegin_FailsWithoutRandomness(t *testing.T) {
	dry := errors.New("dry")
	o := options()
	o.Random = iotest.ErrReader(dry)
	rp := newParty(t, o)
	_, _, _, err := rp.BeginRegistration(owner(jane), false)
	require.ErrorIs(t, err, dry)
	_, _, _, err = rp.BeginAssertion(nil, false)
	require.ErrorIs(t, err, dry)
}

func TestNew_HonoursTimeoutAndFallsBackToTheIDAsName(t *testing.T) {
	o := options()
	o.RPName, o.Timeout = "", 90*time.Second
	rp := newParty(t, o)
	var got struct {
		Timeout int
		RP      struct{ Name, ID string }
	}
	text, _, _, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, 90000, got.Timeout)
	require.Equal(t, "example.com", got.RP.Name)
	text, _, _, err = rp.BeginAssertion(nil, false)
	require.NoError(t, err)
	got.Timeout = 0
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, 90000, got.Timeout)
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for name, spoil := range map[string]func(*webauthn.Options){
		"no randomness": func(o *webauthn.Options) { o.Random = nil },
		"no id":         func(o *webauthn.Options) { o.RPID = "" },
		"a URL as id":   func(o *webauthn.Options) { o.RPID = "https://example.com" },
		"no origin":     func(o *webauthn.Options) { o.Origins = nil },
	} {
		o := options()
		spoil(&o)
		_, err := webauthn.New(o)
		require.Error(t, err, name)
	}
	o := options()
	o.RPID = "localhost"
	newParty(t, o)
}
