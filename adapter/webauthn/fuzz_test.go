package webauthn_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// wantOneOrTheOther fails when something went wrong for any other reason than the input.
func wantOneOrTheOther(t *testing.T, err error) {
	if err != nil && !errors.Is(err, domain.InvalidRequest) {
		t.Fatalf("not refused as an invalid request: %v", err)
	}
}

// FuzzFinish turns answers and states inside out.
func FuzzFinish(f *testing.F) {
	d := eddsa("jane's")
	rp, o, known := janesKey(f, d)
	for _, of := range []*port.KeyOwner{&o, nil} {
		options, _, state, err := rp.BeginAssertion(of, true)
		require.NoError(f, err)
		f.Add(d.get(f, options), state)
		options, _, state, err = rp.BeginRegistration(o, true)
		require.NoError(f, err)
		f.Add(d.create(f, options), state)
		f.Add(es256("another").create(f, options), state)
	}
	f.Add([]byte(`{"response":null}`), `{"challenge":"","user_id":null,"allowed_credentials":[null]}`)
	f.Fuzz(func(t *testing.T, answer []byte, state string) {
		_, err := rp.Challenge(answer)
		wantOneOrTheOther(t, err)
		_, err = rp.FinishRegistration(o, state, answer)
		wantOneOrTheOther(t, err)
		_, _, err = rp.FinishAssertion(state, answer, known.find)
		wantOneOrTheOther(t, err)
	})
}

// FuzzBinaries turns what is encoded inside answers, and the stored key, inside out.
func FuzzBinaries(f *testing.F) {
	d := es256("jane's")
	rp, o, _ := janesKey(f, d)
	wanted, _, newState, err := rp.BeginRegistration(o, false)
	require.NoError(f, err)
	asked, _, state, err := rp.BeginAssertion(&o, false)
	require.NoError(f, err)
	created, got := d.create(f, wanted), d.get(f, asked)

	var answers [2]struct {
		Response struct{ AttestationObject, AuthenticatorData, Signature, UserHandle string }
	}
	require.NoError(f, json.Unmarshal(created, &answers[0]))
	require.NoError(f, json.Unmarshal(got, &answers[1]))
	object, assertion := unbase64(f, answers[0].Response.AttestationObject), answers[1].Response
	add := func(object []byte) {
		f.Add(object, unbase64(f, assertion.AuthenticatorData), unbase64(f, assertion.Signature), unbase64(f, assertion.UserHandle), o.Keys[0].PublicKey)
	}
	add(object)
	for _, format := range []string{
		"\x63tpm", "\x6bandroid-key", "\x71android-safetynet", "\x68fido-u2f", "\x65apple", "\x68compound", "\x64none",
	} { // {"fmt": format, "attStmt": {"ver": "2.0", "alg": -7, "x5c": [h'30'], "sig": h'', "response": h'7b7d'}, "authData": …}
		add(append([]byte("\xa3\x63fmt"+format+"\x67attStmt\xa5\x63ver\x632.0\x63alg\x26\x63x5c\x81\x41\x30\x63sig\x40\x68response\x42{}"),
			object[bytes.Index(object, []byte("\x68authData")):]...))
	}

	f.Fuzz(func(t *testing.T, object, data, signature, handle, public []byte) {
		_, err := rp.FinishRegistration(o, newState, edit(t, created, func(_, response map[string]any) {
			response["attestationObject"] = tobase64(object)
		}))
		wantOneOrTheOther(t, err)

		damaged := o
		damaged.Keys = []domain.SecurityKey{o.Keys[0]}
		damaged.Keys[0].PublicKey = public
		_, _, err = rp.FinishAssertion(state, edit(t, got, func(_, response map[string]any) {
			response["authenticatorData"], response["signature"], response["userHandle"] = tobase64(data), tobase64(signature), tobase64(handle)
		}), accounts{jane: damaged}.find)
		wantOneOrTheOther(t, err)
	})
}
