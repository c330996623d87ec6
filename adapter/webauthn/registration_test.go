package webauthn_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/webauthn"
	"github.com/hexauth/hexauth/domain"
)

// algorithms are the kinds of keys that people have.
var algorithms = map[string]func(label string) device{
	"ES256": es256,
	"RS256": rs256,
	"EdDSA": func(label string) device { return eddsa(label) },
}

func wantRefused(t testing.TB, err error, reason string) {
	t.Helper()
	require.ErrorIs(t, err, domain.InvalidRequest)
	require.ErrorContains(t, err, reason)
}

// registered returns the key that d makes for a user.
func registered(t testing.TB, rp *webauthn.RelyingParty, id domain.UserID, d device) domain.SecurityKey {
	t.Helper()
	options, _, state, err := rp.BeginRegistration(owner(id), false)
	require.NoError(t, err)
	key, err := rp.FinishRegistration(owner(id), state, d.create(t, options))
	require.NoError(t, err)
	return key
}

func TestFinishRegistration_ReturnsTheNewKey(t *testing.T) {
	for name, make := range algorithms {
		t.Run(name, func(t *testing.T) {
			rp, d := newParty(t, options()), make("jane's")
			d.traits().counter = 7
			options, challenge, state, err := rp.BeginRegistration(owner(jane), true)
			require.NoError(t, err)
			answer := d.create(t, options)
			got, err := rp.Challenge(answer)
			require.NoError(t, err)
			require.Equal(t, challenge, got)
			key, err := rp.FinishRegistration(owner(jane), state, answer)
			require.NoError(t, err)
			require.Equal(t, domain.SecurityKey{
				CredentialID: d.credentialID(), PublicKey: d.cose(), Counter: 7, UserVerified: true,
			}, key)
		})
	}
}

func TestFinishRegistration_KeepsBackupFlags(t *testing.T) {
	for _, backedUp := range []bool{false, true} {
		rp, d := newParty(t, options()), es256("jane's")
		d.traits().eligible, d.traits().backedUp = true, backedUp
		key := registered(t, rp, jane, d)
		require.True(t, key.BackupEligible)
		require.Equal(t, backedUp, key.BackedUp)
	}
}

func TestFinishRegistration_KeepsKnownTransportsOnce(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	answer := edit(t, d.create(t, options), func(_, response map[string]any) {
		response["transports"] = []string{"usb", "cable", "nul\x00", "hybrid", "internal", "a,b", "usb", "smart-card", "nfc", "ble"}
	})
	key, err := rp.FinishRegistration(owner(jane), state, answer)
	require.NoError(t, err)
	require.Equal(t, []string{"usb", "hybrid", "internal", "smart-card", "nfc", "ble"}, key.Transports)
}

func TestFinishRegistration_DemandsUserVerificationOnlyWhenTold(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	d.traits().unverified = true
	options, _, state, err := rp.BeginRegistration(owner(jane), true)
	require.NoError(t, err)
	require.Contains(t, string(options), `"userVerification":"required"`)
	_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
	wantRefused(t, err, "User verification required")
	options, _, state, err = rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	key, err := rp.FinishRegistration(owner(jane), state, d.create(t, options))
	require.NoError(t, err)
	require.False(t, key.UserVerified)
}

func TestFinishRegistration_AcceptsWhatClientsSend(t *testing.T) {
	for name, change := range map[string]func(answer, response map[string]any){
		"the optional members": func(answer, response map[string]any) {
			answer["authenticatorAttachment"] = "cross-platform"
			answer["clientExtensionResults"] = map[string]any{
				"appid": false, "credProps": map[string]any{"rk": true}, "hmacCreateSecret": true, "prf": 1, "more": []int{1},
			}
			response["authenticatorData"], response["publicKey"], response["publicKeyAlgorithm"] = "AQID", "AQID", -7
		},
		"null for what is missing": func(answer, response map[string]any) {
			answer["authenticatorAttachment"], answer["clientExtensionResults"], response["transports"] = nil, nil, nil
		},
		"padded base64": func(answer, response map[string]any) {
			for _, of := range []map[string]any{answer, response} {
				for _, name := range []string{"rawId", "clientDataJSON", "attestationObject"} {
					if text, ok := of[name].(string); ok {
						of[name] = base64.StdEncoding.EncodeToString(unbase64(t, text))
					}
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			rp, d := newParty(t, options()), es256("jane's")
			options, _, state, err := rp.BeginRegistration(owner(jane), true)
			require.NoError(t, err)
			key, err := rp.FinishRegistration(owner(jane), state, edit(t, d.create(t, options), change))
			require.NoError(t, err)
			require.Equal(t, d.credentialID(), key.CredentialID)
		})
	}
}

// Chromium asks authenticators for credProtect on its own.
func TestFinishRegistration_AcceptsAnExtensionThatTheBrowserAskedFor(t *testing.T) {
	rp, d := newParty(t, options()), eddsa("jane's")
	d.extensions = []byte("\xa1\x6bcredProtect\x02")
	require.Equal(t, d.cose(), registered(t, rp, jane, d).PublicKey)
}

func TestFinishRegistration_AcceptsEveryOriginAndOnlyThose(t *testing.T) {
	for place, good := range map[string]bool{
		"https://app.example.com":      true,
		"https://example.com:8443":     true,
		"https://example.com":          false,
		"http://app.example.com":       false,
		"https://app.example.com:8443": false,
		"https://evil.example.com":     false,
		"https://app.example.com.evil": false,
		"":                             false,
	} {
		rp, d := newParty(t, options()), es256("jane's")
		d.traits().origin = place
		options, _, state, err := rp.BeginRegistration(owner(jane), false)
		require.NoError(t, err)
		_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
		if good {
			require.NoError(t, err, place)
		} else {
			wantRefused(t, err, "Error validating origin")
		}
	}
}

func TestFinishRegistration_RefusesAnotherRelyingPartysKey(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	d.traits().rpID = "app.example.com"
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
	wantRefused(t, err, "RP Hash mismatch")
}

func TestFinishRegistration_RefusesAnAnswerFromAnEmbeddedPage(t *testing.T) {
	rp, d := newParty(t, options()), eddsa("jane's")
	d.clientData = map[string]any{"crossOrigin": true}
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
	wantRefused(t, err, "cross origin")
}

func TestFinishRegistration_RefusesAnAbsentUser(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	d.traits().absent = true
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
	wantRefused(t, err, "User presence")
}

func TestFinishRegistration_RefusesABackupOfWhatCannotHaveOne(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	d.traits().backedUp = true
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
	wantRefused(t, err, "Backup")
}

func TestFinishRegistration_RefusesAnotherCeremony(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	options, _, _, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, err = rp.FinishRegistration(owner(jane), state, d.create(t, options))
	wantRefused(t, err, "challenge is another ceremony's")
}

func TestFinishRegistration_RefusesAnotherUsersCeremony(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	_, err = rp.FinishRegistration(owner(joe), state, d.create(t, options))
	wantRefused(t, err, "ID mismatch")
}

func TestFinishRegistration_RefusesTheCeremonyOfAnAssertion(t *testing.T) {
	rp, d := newParty(t, options()), es256("jane's")
	o := owner(jane, registered(t, rp, jane, d))
	asked, _, state, err := rp.BeginAssertion(&o, false)
	require.NoError(t, err)
	asked = append([]byte(`{"user":{"id":"`+string(jane)+`"},`), asked[1:]...) // so that the device makes a key
	_, err = rp.FinishRegistration(o, state, d.create(t, asked))
	wantRefused(t, err, "Invalid attestation format")
}

func TestFinishRegistration_RefusesATamperedAnswer(t *testing.T) {
	for name, tamper := range map[string]func(answer, response map[string]any){
		"attestation": func(_, response map[string]any) {
			object := unbase64(t, response["attestationObject"].(string))
			object[len(object)-1] ^= 1 // the public key
			response["attestationObject"] = tobase64(object)
		},
		"client's data": func(_, response map[string]any) {
			response["clientDataJSON"] = tobase64(append(unbase64(t, response["clientDataJSON"].(string)), ' '))
		},
		"id":            func(answer, _ map[string]any) { answer["id"] = "AQID" },
		"both ids":      func(answer, _ map[string]any) { answer["id"], answer["rawId"] = "AQID", "AQID" },
		"type":          func(answer, _ map[string]any) { answer["type"] = "password" },
		"no type":       func(answer, _ map[string]any) { delete(answer, "type") },
		"no id":         func(answer, _ map[string]any) { delete(answer, "id") },
		"no rawId":      func(answer, _ map[string]any) { answer["rawId"] = nil },
		"no response":   func(answer, _ map[string]any) { delete(answer, "response") },
		"a number":      func(answer, _ map[string]any) { answer["rawId"] = 1 },
		"no base64":     func(_, response map[string]any) { response["attestationObject"] = "ä" },
		"no CBOR":       func(_, response map[string]any) { response["attestationObject"] = "AQID" },
		"no object":     func(_, response map[string]any) { delete(response, "attestationObject") },
		"no JSON":       func(_, response map[string]any) { response["clientDataJSON"] = "AQID" },
		"no data":       func(_, response map[string]any) { response["clientDataJSON"] = nil },
		"null as data":  func(_, response map[string]any) { response["clientDataJSON"] = tobase64([]byte("null")) },
		"empty as data": func(_, response map[string]any) { response["clientDataJSON"] = tobase64([]byte("{}")) },
	} {
		t.Run(name, func(t *testing.T) {
			rp, d := newParty(t, options()), es256("jane's")
			options, _, state, err := rp.BeginRegistration(owner(jane), false)
			require.NoError(t, err)
			key, err := rp.FinishRegistration(owner(jane), state, edit(t, d.create(t, options), tamper))
			require.ErrorIs(t, err, domain.InvalidRequest)
			require.Zero(t, key)
		})
	}
}

func TestFinishRegistration_RefusesAKeyThatIsNone(t *testing.T) {
	rp, d := newParty(t, options()), eddsa("jane's")
	options, _, state, err := rp.BeginRegistration(owner(jane), false)
	require.NoError(t, err)
	answer := edit(t, d.create(t, options), func(_, response map[string]any) {
		object := unbase64(t, response["attestationObject"].(string))
		object[len(object)-36] = 0x05 // {-1: 5}: another curve
		response["attestationObject"] = tobase64(object)
	})
	_, err = rp.FinishRegistration(owner(jane), state, answer)
	require.ErrorIs(t, err, domain.InvalidRequest)
}
