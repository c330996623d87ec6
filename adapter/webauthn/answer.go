package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/hexauth/hexauth/domain"
)

// answer is what a browser answers in either half (WebAuthn Level 3 §5.1.8, RegistrationResponseJSON and
// AuthenticationResponseJSON), as far as it is read: no extension is asked for, so no extension's result counts, and what
// the attestation object says is not taken from anywhere else.
type answer struct {
	ID       string `json:"id"`
	RawID    binary `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientDataJSON    binary   `json:"clientDataJSON"`
		AttestationObject binary   `json:"attestationObject"`
		Transports        []string `json:"transports"`
		AuthenticatorData binary   `json:"authenticatorData"`
		Signature         binary   `json:"signature"`
		UserHandle        binary   `json:"userHandle"`
	} `json:"response"`
}

// binary is base64 in JSON, in either alphabet and padded or not, since clients differ. null and "" are no bytes.
type binary []byte

func (b *binary) UnmarshalText(text []byte) (err error) {
	*b, err = decodeBase64(string(text))
	return err
}

func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}

func parseAnswer(text []byte) (a answer, err error) {
	if err = json.Unmarshal(text, &a); err != nil {
		return answer{}, refused(fmt.Errorf("reading the answer: %w", err))
	}
	return a, nil
}

func (a answer) credential() protocol.PublicKeyCredential {
	return protocol.PublicKeyCredential{
		Credential: protocol.Credential{ID: a.ID, Type: a.Type},
		RawID:      protocol.URLEncodedBase64(a.RawID),
	}
}

func (a answer) clientData() protocol.AuthenticatorResponse {
	return protocol.AuthenticatorResponse{ClientDataJSON: protocol.URLEncodedBase64(a.Response.ClientDataJSON)}
}

func parseAttestation(text []byte) (*protocol.ParsedCredentialCreationData, error) {
	a, err := parseAnswer(text)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialCreationResponse{
		PublicKeyCredential: a.credential(),
		AttestationResponse: protocol.AuthenticatorAttestationResponse{
			AuthenticatorResponse: a.clientData(),
			AttestationObject:     protocol.URLEncodedBase64(a.Response.AttestationObject),
			Transports:            a.Response.Transports,
		},
	}.Parse()
	if err != nil {
		return nil, refused(err)
	}
	return parsed, nil
}

func parseAssertion(text []byte) (*protocol.ParsedCredentialAssertionData, error) {
	a, err := parseAnswer(text)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialAssertionResponse{
		PublicKeyCredential: a.credential(),
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: a.clientData(),
			AuthenticatorData:     protocol.URLEncodedBase64(a.Response.AuthenticatorData),
			Signature:             protocol.URLEncodedBase64(a.Response.Signature),
			UserHandle:            protocol.URLEncodedBase64(a.Response.UserHandle),
		},
	}.Parse()
	if err != nil {
		return nil, refused(err)
	}
	return parsed, nil
}

// Challenge returns the challenge that an answer carries; see port.WebAuthn. It has the form of those that are given out.
func (rp *RelyingParty) Challenge(answer []byte) (string, error) {
	a, err := parseAnswer(answer)
	if err != nil {
		return "", err
	}
	var data protocol.CollectedClientData
	if err := json.Unmarshal(a.Response.ClientDataJSON, &data); err != nil {
		return "", refused(fmt.Errorf("reading the client's data: %w", err))
	}
	challenge, err := base64.RawURLEncoding.DecodeString(data.Challenge)
	if err != nil || len(challenge) != challengeLength || base64.RawURLEncoding.EncodeToString(challenge) != data.Challenge {
		return "", refused(errors.New("the challenge is none that was given out"))
	}
	return data.Challenge, nil
}

// refused returns domain.InvalidRequest with reason wrapped beside it.
func refused(reason error) error {
	var detailed *protocol.Error
	if errors.As(reason, &detailed) && detailed.DevInfo != "" {
		return fmt.Errorf("%w: %w: %s", domain.InvalidRequest, reason, detailed.DevInfo)
	}
	return fmt.Errorf("%w: %w", domain.InvalidRequest, reason)
}
