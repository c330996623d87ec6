package webauthn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	defaultTimeout  = 60 * time.Second
	challengeLength = 32 // bytes
)

// Options describe the relying party.
type Options struct {
	RPID    string        // a host name: "example.com". Keys are bound to it for good
	RPName  string        // what authenticators show; RPID when ""
	Origins []string      // where the browser may be: scheme, host and port; a path does not count. Also android:apk-key-hash:…
	Timeout time.Duration // how long the browser waits for the user; a minute when 0
	Random  io.Reader     // where challenges come from: cryptographically strong
}

// RelyingParty implements port.WebAuthn. It is safe for concurrent use when its source of randomness is.
type RelyingParty struct {
	lib    *lib.WebAuthn
	random io.Reader
}

var _ port.WebAuthn = (*RelyingParty)(nil)

// New returns the relying party of options. It fails when RPID is no host name, or Origins or Random are missing.
func New(options Options) (*RelyingParty, error) {
	if options.Random == nil {
		return nil, errors.New("webauthn: a source of randomness is needed")
	}
	if err := protocol.ValidateRPID(options.RPID); err != nil {
		return nil, fmt.Errorf("webauthn: the relying party's id must be a host name: %w", err)
	}
	if options.RPName == "" {
		options.RPName = options.RPID
	}
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	timeout := lib.TimeoutConfig{Timeout: options.Timeout, TimeoutUVD: options.Timeout}
	party, err := lib.New(&lib.Config{
		RPID:                  options.RPID,
		RPDisplayName:         options.RPName,
		RPOrigins:             options.Origins,
		AttestationPreference: protocol.PreferIndirectAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyNotRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementPreferred,
			UserVerification:   protocol.VerificationPreferred,
		},
		EncodeUserIDAsString: true,
		Timeouts:             lib.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	return &RelyingParty{lib: party, random: options.Random}, nil
}

// BeginRegistration asks for a new key; see port.WebAuthn.
func (rp *RelyingParty) BeginRegistration(owner port.KeyOwner, userVerified bool) (options []byte, challenge, state string, err error) {
	user, err := newUser(owner)
	if err != nil {
		return nil, "", "", err
	}
	drawn, err := rp.draw()
	if err != nil {
		return nil, "", "", err
	}
	creation, session, err := rp.lib.BeginRegistration(user,
		lib.WithExclusions(user.descriptors()),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = drawn
			if userVerified {
				o.AuthenticatorSelection.UserVerification = protocol.VerificationRequired
			}
			return nil
		})
	if err != nil {
		return nil, "", "", fmt.Errorf("webauthn: asking for a new key: %w", err)
	}
	return encode(creation.Response, session)
}

// BeginAssertion asks for the use of a key; see port.WebAuthn. An owner without keys is domain.InvalidRequest. The options
// without an owner serve the browser's autofill too ("conditional mediation", WebAuthn Level 3 §5.1.4).
func (rp *RelyingParty) BeginAssertion(owner *port.KeyOwner, userVerified bool) (options []byte, challenge, state string, err error) {
	drawn, err := rp.draw()
	if err != nil {
		return nil, "", "", err
	}
	choices := []lib.LoginOption{lib.WithChallenge(drawn)}
	if userVerified {
		choices = append(choices, lib.WithUserVerification(protocol.VerificationRequired))
	}
	assertion, session, err := rp.beginLogin(owner, choices)
	if err != nil {
		return nil, "", "", err
	}
	return encode(assertion.Response, session)
}

func (rp *RelyingParty) beginLogin(owner *port.KeyOwner, choices []lib.LoginOption) (*protocol.CredentialAssertion, *lib.SessionData, error) {
	if owner == nil {
		return rp.lib.BeginDiscoverableLogin(choices...)
	}
	if len(owner.Keys) == 0 {
		return nil, nil, fmt.Errorf("%w: the user has no security key", domain.InvalidRequest)
	}
	user, err := newUser(*owner)
	if err != nil {
		return nil, nil, err
	}
	return rp.lib.BeginLogin(user, choices...)
}

func (rp *RelyingParty) draw() (protocol.URLEncodedBase64, error) {
	challenge := make([]byte, challengeLength)
	if _, err := io.ReadFull(rp.random, challenge); err != nil {
		return nil, fmt.Errorf("webauthn: drawing a challenge: %w", err)
	}
	return challenge, nil
}

func encode(options any, session *lib.SessionData) (text []byte, challenge, state string, err error) {
	text, err = json.Marshal(options)
	if err != nil {
		return nil, "", "", fmt.Errorf("webauthn: encoding options: %w", err)
	}
	kept, err := json.Marshal(session)
	if err != nil {
		return nil, "", "", fmt.Errorf("webauthn: encoding the state: %w", err)
	}
	return text, session.Challenge, string(kept), nil
}
