package webauthn_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"
)

const (
	rpID   = "example.com"
	origin = "https://app.example.com"
)

// device is an authenticator with one key together with the browser in front of it.
type device interface {
	create(t testing.TB, options []byte) []byte
	get(t testing.TB, options []byte) []byte
	traits() *traits
	credentialID() string
	cose() []byte
}

// traits are what a device says about itself and where it is used. The zero flags are those of a plain passkey.
type traits struct {
	origin     string
	rpID       string
	handle     []byte
	unverified bool
	absent     bool // the user
	eligible   bool // for backup
	backedUp   bool
	counter    uint32
}

func atHome() traits { return traits{origin: origin, rpID: rpID} }

// virtual is a device by descope/virtualwebauthn.
type virtual struct {
	state traits
	key   virtualwebauthn.Credential
}

func (v *virtual) traits() *traits      { return &v.state }
func (v *virtual) credentialID() string { return base64.RawURLEncoding.EncodeToString(v.key.ID) }
func (v *virtual) cose() []byte         { return v.key.Key.AttestationData() }

func (v *virtual) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: v.state.rpID, Origin: v.state.origin}
}

func (v *virtual) authenticator() virtualwebauthn.Authenticator {
	v.key.Counter = v.state.counter
	return virtualwebauthn.Authenticator{Options: virtualwebauthn.AuthenticatorOptions{
		UserHandle: v.state.handle, UserNotPresent: v.state.absent, UserNotVerified: v.state.unverified,
		BackupEligible: v.state.eligible, BackupState: v.state.backedUp,
	}}
}

func (v *virtual) create(t testing.TB, options []byte) []byte {
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	require.NoError(t, err)
	v.state.handle = []byte(parsed.UserID) // decoded as base64url, as browsers do
	return []byte(virtualwebauthn.CreateAttestationResponse(v.party(), v.authenticator(), v.key, *parsed))
}

func (v *virtual) get(t testing.TB, options []byte) []byte {
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(options))
	require.NoError(t, err)
	return []byte(virtualwebauthn.CreateAssertionResponse(v.party(), v.authenticator(), v.key, *parsed))
}

func virtualKey(kind virtualwebauthn.KeyType, label string, key any) *virtual {
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	v := &virtual{state: atHome(), key: virtualwebauthn.NewCredentialWithImportedKey(kind, text)}
	v.key.ID = idOf(label)
	return v
}

// es256 returns a device whose key follows from label. virtualwebauthn drops leading zeros of coordinates, so labels that lead
// to such a key are passed over.
func es256(label string) device {
	for i := 0; ; i++ {
		scalar := sha256.Sum256([]byte(label + strconv.Itoa(i)))
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
		if err != nil {
			continue
		}
		point, err := key.PublicKey.Bytes()
		if err == nil && point[1] != 0 && point[33] != 0 {
			return virtualKey(virtualwebauthn.KeyTypeEC2, label, key)
		}
	}
}

func rs256(label string) device {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return virtualKey(virtualwebauthn.KeyTypeRSA, label, key)
}

func idOf(label string) []byte {
	id := sha256.Sum256([]byte("id of " + label))
	return id[:]
}

// edwards is a device with an Ed25519 key and no attestation, which virtualwebauthn has not.
type edwards struct {
	state      traits
	id         []byte
	key        ed25519.PrivateKey
	clientData map[string]any // more members of the client's data
	extensions []byte         // CBOR, of the authenticator's data
}

func eddsa(label string) *edwards {
	seed := sha256.Sum256([]byte(label))
	return &edwards{state: atHome(), id: idOf(label), key: ed25519.NewKeyFromSeed(seed[:])}
}

func (e *edwards) traits() *traits      { return &e.state }
func (e *edwards) credentialID() string { return base64.RawURLEncoding.EncodeToString(e.id) }

// cose returns {1: OKP, 3: EdDSA, -1: Ed25519, -2: x} (RFC 9053 §7.2).
func (e *edwards) cose() []byte {
	return append([]byte{0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20}, e.key.Public().(ed25519.PublicKey)...)
}

func (e *edwards) create(t testing.TB, options []byte) []byte {
	var read struct{ User struct{ ID string } }
	require.NoError(t, json.Unmarshal(options, &read))
	e.state.handle = unbase64(t, read.User.ID)
	attested := slices.Concat(make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(e.id))), e.id, e.cose())
	data := e.authData(0x40, attested)
	object := slices.Concat( // {"fmt": "none", "attStmt": {}, "authData": data}
		[]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), binary.BigEndian.AppendUint16(nil, uint16(len(data))), data)
	return e.answer(t, map[string]any{
		"clientDataJSON":    tobase64(e.clientDataJSON(t, "webauthn.create", options)),
		"attestationObject": tobase64(object),
	})
}

func (e *edwards) get(t testing.TB, options []byte) []byte {
	clientData, data := e.clientDataJSON(t, "webauthn.get", options), e.authData(0, nil)
	hash := sha256.Sum256(clientData)
	return e.answer(t, map[string]any{
		"clientDataJSON":    tobase64(clientData),
		"authenticatorData": tobase64(data),
		"signature":         tobase64(ed25519.Sign(e.key, slices.Concat(data, hash[:]))),
		"userHandle":        tobase64(e.state.handle),
	})
}

func (e *edwards) answer(t testing.TB, response map[string]any) []byte {
	text, err := json.Marshal(map[string]any{
		"id": e.credentialID(), "rawId": e.credentialID(), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{},
	})
	require.NoError(t, err)
	return text
}

func (e *edwards) clientDataJSON(t testing.TB, kind string, options []byte) []byte {
	var read struct{ Challenge string }
	require.NoError(t, json.Unmarshal(options, &read))
	members := map[string]any{"type": kind, "challenge": read.Challenge, "origin": e.state.origin, "crossOrigin": false}
	for name, value := range e.clientData {
		members[name] = value
	}
	text, err := json.Marshal(members)
	require.NoError(t, err)
	return text
}

func (e *edwards) authData(flags byte, attested []byte) []byte {
	for bit, set := range map[byte]bool{
		0x01: !e.state.absent, 0x04: !e.state.unverified, 0x08: e.state.eligible, 0x10: e.state.backedUp, 0x80: e.extensions != nil,
	} {
		if set {
			flags |= bit
		}
	}
	hash := sha256.Sum256([]byte(e.state.rpID))
	return slices.Concat(hash[:], []byte{flags}, binary.BigEndian.AppendUint32(nil, e.state.counter), attested, e.extensions)
}

func tobase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unbase64(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

// edit changes an answer: its members and those of its response.
func edit(t testing.TB, answer []byte, change func(answer, response map[string]any)) []byte {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.NewDecoder(bytes.NewReader(answer)).Decode(&members))
	change(members, members["response"].(map[string]any))
	text, err := json.Marshal(members)
	require.NoError(t, err)
	return text
}
