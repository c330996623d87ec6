package webauthn

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// FinishRegistration checks the answer to BeginRegistration; see port.WebAuthn. Attestation statements must be sound, but nobody
// vouches for their makers. owner's keys do not matter.
func (rp *RelyingParty) FinishRegistration(owner port.KeyOwner, state string, answer []byte) (domain.SecurityKey, error) {
	parsed, err := parseAttestation(answer)
	if err != nil {
		return domain.SecurityKey{}, err
	}
	session, err := parseState(state, parsed.Response.CollectedClientData)
	if err != nil {
		return domain.SecurityKey{}, err
	}
	credential, err := rp.lib.CreateCredential(user{KeyOwner: owner}, session, parsed)
	if err != nil {
		return domain.SecurityKey{}, refused(err)
	}
	if _, err := webauthncose.ParsePublicKey(credential.PublicKey); err != nil {
		return domain.SecurityKey{}, refused(fmt.Errorf("reading the public key: %w", err))
	}
	return domain.SecurityKey{
		CredentialID:   base64.RawURLEncoding.EncodeToString(credential.ID),
		PublicKey:      credential.PublicKey,
		Counter:        credential.Authenticator.SignCount,
		Transports:     knownTransports(credential.Transport),
		UserVerified:   credential.Flags.UserVerified,
		BackupEligible: credential.Flags.BackupEligible,
		BackedUp:       credential.Flags.BackupState,
	}, nil
}

// FinishAssertion checks the answer to BeginAssertion; see port.WebAuthn. What find fails with is returned as it is, except that
// port.ErrNotFound makes a wrong answer.
func (rp *RelyingParty) FinishAssertion(state string, answer []byte, find func(id domain.UserID) (port.KeyOwner, error)) (domain.UserID, domain.SecurityKey, error) {
	parsed, err := parseAssertion(answer)
	if err != nil {
		return "", domain.SecurityKey{}, err
	}
	session, err := parseState(state, parsed.Response.CollectedClientData)
	if err != nil {
		return "", domain.SecurityKey{}, err
	}
	if err := identify(&session, parsed); err != nil {
		return "", domain.SecurityKey{}, refused(err)
	}
	owner, err := find(domain.UserID(session.UserID))
	if errors.Is(err, port.ErrNotFound) {
		return "", domain.SecurityKey{}, refused(err)
	}
	if err != nil {
		return "", domain.SecurityKey{}, err
	}
	key, err := rp.validate(owner, session, parsed)
	if err != nil && !errors.Is(err, port.ErrKeyCopied) {
		return "", domain.SecurityKey{}, err
	}
	return owner.ID, key, err
}

// identify makes sure that session names the user who answers. In a ceremony that was begun for a user the handle may be missing
// and must otherwise be the user's; in one for any discoverable key it is all there is.
func identify(session *lib.SessionData, parsed *protocol.ParsedCredentialAssertionData) error {
	if len(session.CredParams) != 0 {
		return errors.New("the ceremony asked for a new key")
	}
	known := len(session.UserID) != 0
	if known && len(parsed.Response.UserHandle) == 0 {
		return nil
	}
	id, err := userOfHandle(parsed.Response.UserHandle)
	if err != nil {
		return err
	}
	parsed.Response.UserHandle = []byte(id)
	if !known {
		session.UserID = []byte(id)
	}
	return nil
}

func (rp *RelyingParty) validate(owner port.KeyOwner, session lib.SessionData, parsed *protocol.ParsedCredentialAssertionData) (domain.SecurityKey, error) {
	u, err := newUser(owner)
	if err != nil {
		return domain.SecurityKey{}, err
	}
	u.adoptBackupEligibility(parsed.RawID, parsed.Response.AuthenticatorData.Flags)
	credential, err := rp.lib.ValidateLogin(u, session, parsed)
	if err != nil {
		return domain.SecurityKey{}, refused(err)
	}
	key := owner.Keys[u.indexOf(credential.ID)]
	if credential.Authenticator.CloneWarning {
		return key, refused(port.ErrKeyCopied)
	}
	key.Counter = credential.Authenticator.SignCount
	key.BackupEligible = credential.Flags.BackupEligible
	key.BackedUp = credential.Flags.BackupState
	return key, nil
}

// parseState returns what was kept of the ceremony that data answers.
func parseState(state string, data protocol.CollectedClientData) (lib.SessionData, error) {
	var session lib.SessionData
	if err := json.Unmarshal([]byte(state), &session); err != nil {
		return lib.SessionData{}, refused(fmt.Errorf("reading the state: %w", err))
	}
	if subtle.ConstantTimeCompare([]byte(session.Challenge), []byte(data.Challenge)) != 1 {
		return lib.SessionData{}, refused(errors.New("the challenge is another ceremony's"))
	}
	return session, nil
}

// knownTransports returns which of transports, a claim of the client's, are of WebAuthn Level 3 §5.8.4, each once.
func knownTransports(transports []protocol.AuthenticatorTransport) []string {
	var known []string
	for _, transport := range transports {
		switch transport {
		case protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal:
			if !slices.Contains(known, string(transport)) {
				known = append(known, string(transport))
			}
		}
	}
	return known
}
