package authenticator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// Key is a passkey. Its exported fields are what it and its browser say about themselves and may be changed at any time.
type Key struct {
	Origin, RPID       string
	Handle             []byte // the user handle, set by Create
	Unverified, Absent bool   // the user was not verified, or not there
	Eligible, BackedUp bool
	Counter            uint32 // of the next answer; stays as it is
	Counts             bool   // add one with each answer
	WithoutHandle      bool   // answers of Get leave it out
	Transports         []string
	ID                 []byte // of the credential
	signer             crypto.Signer
	cose               []byte
	hash               crypto.Hash
}

const (
	present  = 0x01
	verified = 0x04
	eligible = 0x08
	backedUp = 0x10
	attested = 0x40
)

func newKey(origin, rpID, label string, signer crypto.Signer, cose []byte, hash crypto.Hash) *Key {
	id := sha256.Sum256([]byte("id of " + label))
	return &Key{Origin: origin, RPID: rpID, Transports: []string{"internal"}, ID: id[:], signer: signer, cose: cose, hash: hash}
}

// ES256 returns a key on the curve P-256 that follows from label.
func ES256(origin, rpID, label string) *Key {
	for i := 0; ; i++ {
		scalar := sha256.Sum256(fmt.Appendf(nil, "%s %d", label, i))
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
		if err != nil {
			continue // not below the order of the curve
		}
		point, err := key.PublicKey.Bytes() // 4, x, y
		if err != nil {
			panic(err)
		}
		// RFC 9053 §7.1: {1: EC2, 3: ES256, -1: P-256, -2: x, -3: y}
		cose := slices.Concat([]byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"), point[1:33], []byte("\x22\x58\x20"), point[33:])
		return newKey(origin, rpID, label, key, cose, crypto.SHA256)
	}
}

// EdDSA returns a key on the curve Ed25519 that follows from label.
func EdDSA(origin, rpID, label string) *Key {
	seed := sha256.Sum256([]byte(label))
	key := ed25519.NewKeyFromSeed(seed[:])
	// RFC 9053 §7.2: {1: OKP, 3: EdDSA, -1: Ed25519, -2: x}
	cose := slices.Concat([]byte("\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20"), key.Public().(ed25519.PublicKey))
	return newKey(origin, rpID, label, key, cose, 0)
}

// RS256 returns an RSA key of 2048 bits.
func RS256(origin, rpID, label string) *Key {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	// RFC 8230 §4: {1: RSA, 3: RS256, -1: n, -2: e = 65537}
	cose := slices.Concat([]byte("\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00"), key.N.FillBytes(make([]byte, 256)), []byte("\x21\x43\x01\x00\x01"))
	return newKey(origin, rpID, label, key, cose, crypto.SHA256)
}

// options are those members that a key looks at.
type options struct {
	Challenge string
	User      struct{ ID string }
}

func read(text []byte) options {
	var o options
	if err := json.Unmarshal(text, &o); err != nil {
		panic(fmt.Sprintf("these are no options: %s", text))
	}
	return o
}

// Create answers navigator.credentials.create (WebAuthn Level 3 §5.1.3) with the JSON of a RegistrationResponseJSON. The options'
// user.id is taken for base64url, as browsers do.
func (k *Key) Create(creationOptions []byte) []byte {
	o := read(creationOptions)
	k.Handle = decode(o.User.ID)
	credential := slices.Concat(make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(k.ID))), k.ID, k.cose)
	data := k.authenticatorData(attested, credential)
	object := slices.Concat( // §6.5.4: {"fmt": "none", "attStmt": {}, "authData": data}
		[]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), binary.BigEndian.AppendUint16(nil, uint16(len(data))), data)
	return k.answer(map[string]any{
		"clientDataJSON": encode(k.clientData("webauthn.create", o.Challenge)), "attestationObject": encode(object),
		"authenticatorData": encode(data), "transports": k.Transports,
	})
}

// Get answers navigator.credentials.get (§5.1.4) with the JSON of an AuthenticationResponseJSON.
func (k *Key) Get(requestOptions []byte) []byte {
	client, data := k.clientData("webauthn.get", read(requestOptions).Challenge), k.authenticatorData(0, nil)
	hash := sha256.Sum256(client)
	signed := slices.Concat(data, hash[:]) // §6.3.3
	if k.hash != 0 {
		sum := sha256.Sum256(signed)
		signed = sum[:]
	}
	signature, err := k.signer.Sign(rand.Reader, signed, k.hash)
	if err != nil {
		panic(err)
	}
	response := map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature), "userHandle": encode(k.Handle)}
	if k.WithoutHandle {
		response["userHandle"] = nil
	}
	return k.answer(response)
}

func (k *Key) answer(response map[string]any) []byte {
	if k.Counts {
		k.Counter++
	}
	text, err := json.Marshal(map[string]any{
		"id": encode(k.ID), "rawId": encode(k.ID), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}},
	})
	if err != nil {
		panic(err)
	}
	return text
}

// clientData is CollectedClientData (§5.8.1).
func (k *Key) clientData(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": k.Origin, "crossOrigin": false})
	if err != nil {
		panic(err)
	}
	return text
}

// authenticatorData is that of §6.1.
func (k *Key) authenticatorData(flags byte, credential []byte) []byte {
	for flag, set := range map[byte]bool{present: !k.Absent, verified: !k.Unverified, eligible: k.Eligible, backedUp: k.BackedUp} {
		if set {
			flags |= flag
		}
	}
	rp := sha256.Sum256([]byte(k.RPID))
	return slices.Concat(rp[:], []byte{flags}, binary.BigEndian.AppendUint32(nil, k.Counter), credential)
}

// PublicKey returns the key in COSE (RFC 9052), as servers keep it.
func (k *Key) PublicKey() []byte { return k.cose }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}
