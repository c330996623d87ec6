package webauthn_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/webauthn"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// accounts find owners as a store does.
type accounts map[domain.UserID]port.KeyOwner

func (a accounts) find(id domain.UserID) (port.KeyOwner, error) {
	if found, ok := a[id]; ok {
		return found, nil
	}
	return port.KeyOwner{}, port.ErrNotFound
}

// stored is a key as the store gives it back.
func stored(key domain.SecurityKey) domain.SecurityKey {
	key.ID, key.UserID, key.Nickname = "key-1", jane, "my phone"
	key.CreatedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return key
}

// janesKey is a relying party where Jane has the key of d, and her account.
func janesKey(t testing.TB, d device) (*webauthn.RelyingParty, port.KeyOwner, accounts) {
	t.Helper()
	rp := newParty(t, options())
	o := owner(jane, stored(registered(t, rp, jane, d)))
	return rp, o, accounts{jane: o}
}

// asserts runs both halves of a ceremony: for o, or for any key when o is nil.
func asserts(t testing.TB, rp *webauthn.RelyingParty, o *port.KeyOwner, d device, known accounts) (domain.UserID, domain.SecurityKey, error) {
	t.Helper()
	options, challenge, state, err := rp.BeginAssertion(o, true)
	require.NoError(t, err)
	answer := d.get(t, options)
	got, err := rp.Challenge(answer)
	require.NoError(t, err)
	require.Equal(t, challenge, got)
	return rp.FinishAssertion(state, answer, known.find)
}

func TestFinishAssertion_ReturnsTheKeyWithItsNewCounter(t *testing.T) {
	for name, make := range algorithms {
		t.Run(name, func(t *testing.T) {
			d := make("jane's")
			d.traits().counter = 3
			rp, o, known := janesKey(t, d)
			for _, of := range []*port.KeyOwner{&o, nil} {
				d.traits().counter++
				id, key, err := asserts(t, rp, of, d, known)
				require.NoError(t, err)
				require.Equal(t, jane, id)
				want := o.Keys[0]
				want.Counter = d.traits().counter
				require.Equal(t, want, key)
			}
		})
	}
}

func TestFinishAssertion_FindsTheKeyAmongSeveral(t *testing.T) {
	rp, first, second := newParty(t, options()), es256("first"), es256("second")
	o := owner(jane, stored(registered(t, rp, jane, first)), stored(registered(t, rp, jane, second)))
	o.Keys[1].ID = "key-2"
	second.traits().counter = 9
	_, key, err := asserts(t, rp, &o, second, accounts{jane: o})
	require.NoError(t, err)
	want := o.Keys[1]
	want.Counter = 9
	require.Equal(t, want, key)
}

func TestFinishAssertion_AcceptsBothFormsOfTheUserHandle(t *testing.T) {
	for name, handle := range map[string][]byte{
		"the text taken for base64url": unbase64(t, string(jane)),
		"the text":                     []byte(jane),
	} {
		t.Run(name, func(t *testing.T) {
			d := es256("jane's")
			rp, o, known := janesKey(t, d)
			d.traits().handle = handle
			for _, of := range []*port.KeyOwner{&o, nil} {
				id, _, err := asserts(t, rp, of, d, known)
				require.NoError(t, err)
				require.Equal(t, jane, id)
			}
		})
	}
}

// The client library that hasura-auth's users have sends the handle as text where it may be sent as base64url.
func TestFinishAssertion_AcceptsTheUUIDAsUserHandleInJSON(t *testing.T) {
	d := es256("jane's")
	rp, _, known := janesKey(t, d)
	options, _, state, err := rp.BeginAssertion(nil, false)
	require.NoError(t, err)
	id, _, err := rp.FinishAssertion(state, edit(t, d.get(t, options), func(_, response map[string]any) {
		response["userHandle"] = string(jane)
	}), known.find)
	require.NoError(t, err)
	require.Equal(t, jane, id)
}

func TestFinishAssertion_NeedsAUserHandleOnlyOfDiscoverableKeys(t *testing.T) {
	for _, handle := range []any{nil, ""} {
		d := es256("jane's")
		rp, o, known := janesKey(t, d)
		without := func(_, response map[string]any) { response["userHandle"] = handle }

		options, _, state, err := rp.BeginAssertion(&o, false)
		require.NoError(t, err)
		id, _, err := rp.FinishAssertion(state, edit(t, d.get(t, options), without), known.find)
		require.NoError(t, err)
		require.Equal(t, jane, id)

		options, _, state, err = rp.BeginAssertion(nil, false)
		require.NoError(t, err)
		_, _, err = rp.FinishAssertion(state, edit(t, d.get(t, options), without), known.find)
		wantRefused(t, err, "user handle")
	}
}

func TestFinishAssertion_RefusesHandlesThatAreNoUsers(t *testing.T) {
	for _, handle := range []string{
		"x", "2C35B6F3-C4B9-48E3-978A-D4D0F1D42E24", "2c35b6f3c4b948e3978ad4d0f1d42e24", "{" + string(jane) + "}", "urn:uuid:" + string(jane),
		"abcdefghijklmnopqrstuvwxyz0", string(jane) + "\n",
	} {
		d := es256("jane's")
		rp, o, known := janesKey(t, d)
		d.traits().handle = []byte(handle)
		for _, of := range []*port.KeyOwner{&o, nil} {
			_, _, err := asserts(t, rp, of, d, known)
			wantRefused(t, err, "user handle")
		}
	}
}

func TestFinishAssertion_RefusesAnotherUsersKey(t *testing.T) {
	janes, joes := es256("jane's"), es256("joe's")
	rp, o, known := janesKey(t, janes)
	known[joe] = owner(joe, registered(t, rp, joe, joes))

	_, _, err := asserts(t, rp, &o, joes, known)
	require.ErrorIs(t, err, domain.InvalidRequest, "in a ceremony for Jane")

	joes.traits().handle = janes.traits().handle
	_, _, err = asserts(t, rp, &o, joes, known)
	require.ErrorIs(t, err, domain.InvalidRequest, "in a ceremony for Jane, under her name")
	_, _, err = asserts(t, rp, nil, joes, known)
	require.ErrorIs(t, err, domain.InvalidRequest, "under Jane's name")

	joes.traits().handle = nil
	_, _, err = asserts(t, rp, &o, joes, known)
	require.ErrorIs(t, err, domain.InvalidRequest, "in a ceremony for Jane, without a name")
}

func TestFinishAssertion_RefusesJanesIDWithJoesSignature(t *testing.T) {
	janes, joes := es256("jane's").(*virtual), es256("joe's").(*virtual)
	rp, o, known := janesKey(t, janes)
	joes.key.ID, joes.state = janes.key.ID, janes.state
	for _, of := range []*port.KeyOwner{&o, nil} {
		_, _, err := asserts(t, rp, of, joes, known)
		wantRefused(t, err, "assertion signature")
	}
}

func TestFinishAssertion_RefusesAKeyThatWasRemovedMeanwhile(t *testing.T) {
	d := es256("jane's")
	rp, o, _ := janesKey(t, d)
	for _, of := range []*port.KeyOwner{&o, nil} {
		_, _, err := asserts(t, rp, of, d, accounts{jane: owner(jane)})
		require.ErrorIs(t, err, domain.InvalidRequest)
	}
}

func TestFinishAssertion_TellsAMissingUserFromAStoreThatIsAway(t *testing.T) {
	d := es256("jane's")
	rp, _, _ := janesKey(t, d)
	_, _, err := asserts(t, rp, nil, d, accounts{})
	wantRefused(t, err, "not found")

	options, _, state, err := rp.BeginAssertion(nil, false)
	require.NoError(t, err)
	away := errors.New("away")
	_, _, err = rp.FinishAssertion(state, d.get(t, options), func(domain.UserID) (port.KeyOwner, error) { return port.KeyOwner{}, away })
	require.ErrorIs(t, err, away)
	require.NotErrorIs(t, err, domain.InvalidRequest)
}

func TestFinishAssertion_RefusesACounterThatGoesBack(t *testing.T) {
	for name, c := range map[string]struct {
		stored, answered uint32
		good             bool
	}{
		"none":             {0, 0, true},
		"first":            {0, 1, true},
		"taken over":       {0, 500, true},
		"next":             {5, 6, true},
		"same":             {5, 5, false},
		"lower":            {5, 4, false},
		"lost":             {5, 0, false},
		"at its end":       {1<<32 - 2, 1<<32 - 1, true},
		"over its end":     {1<<32 - 1, 1, false},
		"stays at the end": {1<<32 - 1, 1<<32 - 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := es256("jane's")
			rp, o, known := janesKey(t, d)
			o.Keys[0].Counter, d.traits().counter = c.stored, c.answered
			user, key, err := asserts(t, rp, &o, d, known)
			if !c.good {
				wantRefused(t, err, "counter")
				require.ErrorIs(t, err, port.ErrKeyCopied)
				require.Equal(t, o.ID, user)
				require.Equal(t, o.Keys[0], key, "the key as it was")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.answered, key.Counter)
		})
	}
}

func TestFinishAssertion_DemandsUserVerificationOnlyWhenTold(t *testing.T) {
	d := es256("jane's")
	rp, o, known := janesKey(t, d)
	d.traits().unverified = true
	for _, of := range []*port.KeyOwner{&o, nil} {
		_, _, err := asserts(t, rp, of, d, known)
		wantRefused(t, err, "User verification required")

		options, _, state, err := rp.BeginAssertion(of, false)
		require.NoError(t, err)
		_, key, err := rp.FinishAssertion(state, d.get(t, options), known.find)
		require.NoError(t, err)
		require.True(t, key.UserVerified, "at registration")
	}
}

func TestFinishAssertion_FollowsTheBackupFlag(t *testing.T) {
	d := es256("jane's")
	d.traits().eligible = true
	rp, o, known := janesKey(t, d)
	for _, backedUp := range []bool{true, false} {
		d.traits().backedUp = backedUp
		_, key, err := asserts(t, rp, &o, d, known)
		require.NoError(t, err)
		require.True(t, key.BackupEligible)
		require.Equal(t, backedUp, key.BackedUp)
	}
	d.traits().eligible = false
	_, _, err := asserts(t, rp, &o, d, known)
	wantRefused(t, err, "Backup Eligible flag inconsistency")
}

// hasura-auth stored neither flags nor transports.
func TestFinishAssertion_LearnsTheBackupFlagsOfATakenOverPasskey(t *testing.T) {
	d := es256("jane's")
	d.traits().eligible, d.traits().backedUp = true, true
	rp, o, known := janesKey(t, d)
	o.Keys[0].BackupEligible, o.Keys[0].BackedUp, o.Keys[0].UserVerified = false, false, false
	for _, of := range []*port.KeyOwner{&o, nil} {
		_, key, err := asserts(t, rp, of, d, known)
		require.NoError(t, err)
		require.True(t, key.BackupEligible)
		require.True(t, key.BackedUp)
		require.False(t, key.UserVerified)
	}
}

func TestFinishAssertion_RefusesWhatWasMadeElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		move   func(*traits)
		reason string
	}{
		"another origin":        {func(s *traits) { s.origin = "https://evil.example.com" }, "origin"},
		"another scheme":        {func(s *traits) { s.origin = "http://app.example.com" }, "origin"},
		"another relying party": {func(s *traits) { s.rpID = "evil.com" }, "RP Hash mismatch"},
		"an absent user":        {func(s *traits) { s.absent = true }, "User presence"},
		"an impossible backup":  {func(s *traits) { s.backedUp = true }, "Backup"},
	} {
		t.Run(name, func(t *testing.T) {
			d := es256("jane's")
			rp, o, known := janesKey(t, d)
			c.move(d.traits())
			for _, of := range []*port.KeyOwner{&o, nil} {
				_, _, err := asserts(t, rp, of, d, known)
				wantRefused(t, err, c.reason)
			}
		})
	}
}

func TestFinishAssertion_RefusesAnotherCeremony(t *testing.T) {
	d := es256("jane's")
	rp, o, known := janesKey(t, d)
	options, _, _, err := rp.BeginAssertion(&o, false)
	require.NoError(t, err)
	for _, of := range []*port.KeyOwner{&o, nil} {
		_, _, state, err := rp.BeginAssertion(of, false)
		require.NoError(t, err)
		_, _, err = rp.FinishAssertion(state, d.get(t, options), known.find)
		wantRefused(t, err, "challenge is another ceremony's")
	}
}

func TestFinishAssertion_RefusesTheCeremonyOfARegistration(t *testing.T) {
	d := es256("jane's")
	rp, o, known := janesKey(t, d)
	options, _, state, err := rp.BeginRegistration(o, false)
	require.NoError(t, err)
	_, _, err = rp.FinishAssertion(state, d.get(t, options), known.find)
	wantRefused(t, err, "asked for a new key")
}

func TestFinishAssertion_RefusesAnExpiredState(t *testing.T) {
	d := es256("jane's")
	rp, o, known := janesKey(t, d)
	options, _, state, err := rp.BeginAssertion(&o, false)
	require.NoError(t, err)
	var session map[string]any
	require.NoError(t, json.Unmarshal([]byte(state), &session))
	for expires, good := range map[string]bool{"2020-01-01T00:00:00Z": false, "2200-01-01T00:00:00Z": true} {
		session["expires"] = expires
		text, err := json.Marshal(session)
		require.NoError(t, err)
		_, _, err = rp.FinishAssertion(string(text), d.get(t, options), known.find)
		if good {
			require.NoError(t, err)
		} else {
			wantRefused(t, err, "Expired")
		}
	}
}

func TestFinishAssertion_RefusesATamperedAnswer(t *testing.T) {
	flip := func(name string) func(answer, response map[string]any) {
		return func(_, response map[string]any) {
			b := unbase64(t, response[name].(string))
			b[len(b)-1] ^= 1
			response[name] = tobase64(b)
		}
	}
	for name, tamper := range map[string]func(answer, response map[string]any){
		"signature":          flip("signature"),
		"authenticator data": flip("authenticatorData"),
		"client's data": func(_, response map[string]any) {
			response["clientDataJSON"] = tobase64(append(unbase64(t, response["clientDataJSON"].(string)), ' '))
		},
		"no signature":   func(_, response map[string]any) { delete(response, "signature") },
		"short data":     func(_, response map[string]any) { response["authenticatorData"] = "AQID" },
		"no data":        func(_, response map[string]any) { response["authenticatorData"] = nil },
		"no client data": func(_, response map[string]any) { response["clientDataJSON"] = nil },
		"id":             func(answer, _ map[string]any) { answer["id"] = "AQID" },
		"no id":          func(answer, _ map[string]any) { answer["id"] = "" },
		"type":           func(answer, _ map[string]any) { answer["type"] = "password" },
		"another key":    func(answer, _ map[string]any) { answer["id"], answer["rawId"] = "AQID", "AQID" },
		"an object":      func(_, response map[string]any) { response["userHandle"] = map[string]any{} },
	} {
		t.Run(name, func(t *testing.T) {
			d := es256("jane's")
			rp, o, known := janesKey(t, d)
			for _, of := range []*port.KeyOwner{&o, nil} {
				options, _, state, err := rp.BeginAssertion(of, false)
				require.NoError(t, err)
				id, key, err := rp.FinishAssertion(state, edit(t, d.get(t, options), tamper), known.find)
				require.ErrorIs(t, err, domain.InvalidRequest)
				require.Empty(t, id)
				require.Zero(t, key)
			}
		})
	}
}

func TestFinish_RefusesAStateThatIsNone(t *testing.T) {
	d := es256("jane's")
	rp, o, known := janesKey(t, d)
	asked, _, _, err := rp.BeginAssertion(&o, false)
	require.NoError(t, err)
	wanted, _, _, err := rp.BeginRegistration(o, false)
	require.NoError(t, err)
	for _, state := range []string{"", "null", "{}", "[]", "1", `{"challenge":1}`} {
		_, _, err := rp.FinishAssertion(state, d.get(t, asked), known.find)
		require.ErrorIs(t, err, domain.InvalidRequest, state)
		_, err = rp.FinishRegistration(o, state, d.create(t, wanted))
		require.ErrorIs(t, err, domain.InvalidRequest, state)
	}
}

func TestFinish_RefusesTheEmptyChallengeOfAnEmptyState(t *testing.T) {
	d := eddsa("jane's")
	rp, o, known := janesKey(t, d)
	_, _, err := rp.FinishAssertion(`{"user_id":"`+tobase64([]byte(jane))+`","allowed_credentials":["AQID"]}`,
		d.get(t, []byte(`{"challenge":""}`)), known.find)
	require.ErrorIs(t, err, domain.InvalidRequest)
	_, err = rp.FinishRegistration(o, "{}", d.create(t, []byte(`{"challenge":"","user":{"id":"`+string(jane)+`"}}`)))
	require.ErrorIs(t, err, domain.InvalidRequest)
}

func TestChallenge_RefusesWhatWasNeverGivenOut(t *testing.T) {
	rp, d := newParty(t, options()), eddsa("jane's")
	for _, challenge := range []string{
		"", "AQID", firstChallenge + "=", firstChallenge + "\n", firstChallenge[:42] + "\x00", firstChallenge[:42] + "9", firstChallenge + firstChallenge,
	} {
		options, err := json.Marshal(map[string]any{"challenge": challenge})
		require.NoError(t, err)
		_, err = rp.Challenge(d.get(t, options))
		require.ErrorIs(t, err, domain.InvalidRequest, "%q", challenge)
	}
	for _, answer := range []string{"", "null", "{}", "[]", `{"response":null}`, `{"response":{"clientDataJSON":"AQID"}}`, `{} {}`} {
		_, err := rp.Challenge([]byte(answer))
		require.ErrorIs(t, err, domain.InvalidRequest, answer)
	}
}
