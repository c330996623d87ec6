package webauthn

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// packedUUIDLength is how many bytes the text of a UUID is when it is read as base64url.
const packedUUIDLength = 27

// user is a port.KeyOwner as go-webauthn wants users. credentials has an entry for each of the owner's keys, in their order.
type user struct {
	port.KeyOwner
	credentials []lib.Credential
}

func newUser(owner port.KeyOwner) (user, error) {
	u := user{KeyOwner: owner}
	for _, key := range owner.Keys {
		id, err := decodeBase64(key.CredentialID)
		if err != nil {
			return user{}, fmt.Errorf("webauthn: the stored id of security key %s: %w", key.ID, err)
		}
		u.credentials = append(u.credentials, lib.Credential{
			ID:        id,
			PublicKey: key.PublicKey,
			Flags: lib.CredentialFlags{
				UserVerified:   key.UserVerified,
				BackupEligible: key.BackupEligible,
				BackupState:    key.BackedUp,
			},
			Authenticator: lib.Authenticator{SignCount: key.Counter},
		})
	}
	return u, nil
}

func (u user) WebAuthnID() []byte                    { return []byte(u.ID) }
func (u user) WebAuthnName() string                  { return u.Name }
func (u user) WebAuthnDisplayName() string           { return u.DisplayName }
func (u user) WebAuthnCredentials() []lib.Credential { return u.credentials }
func (u user) descriptors() []protocol.CredentialDescriptor {
	return lib.Credentials(u.credentials).CredentialDescriptors()
}

// indexOf returns where the key with a credential's id stands, or -1.
func (u user) indexOf(credentialID []byte) int {
	return slices.IndexFunc(u.credentials, func(c lib.Credential) bool { return bytes.Equal(c.ID, credentialID) })
}

// adoptBackupEligibility takes the flag of a key that has none stored from its answer, which is signed. A key never changes this
// flag, but hasura-auth did not store it: to insist on false would lock its synced passkeys out.
func (u user) adoptBackupEligibility(credentialID []byte, flags protocol.AuthenticatorFlags) {
	if i := u.indexOf(credentialID); i >= 0 && flags.HasBackupEligible() {
		u.credentials[i].Flags.BackupEligible = true
	}
}

// userOfHandle reads the user handle that an authenticator has stored (WebAuthn Level 3 §5.4.3). It has one of two forms. The
// options give user.id as the text of the UUID; browsers and the libraries around them take that for base64url, so most keys hold
// the 27 bytes which it happens to encode. Clients that pass user.id on as text make keys that hold the 36 characters themselves.
func userOfHandle(handle []byte) (domain.UserID, error) {
	text := string(handle)
	if len(handle) == packedUUIDLength {
		text = base64.RawURLEncoding.EncodeToString(handle)
	}
	if id, err := uuid.Parse(text); err != nil || id.String() != text {
		return "", errors.New("the user handle is none of a user's")
	}
	return domain.UserID(text), nil
}
