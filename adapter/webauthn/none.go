package webauthn

import (
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// None is the relying party of a server without WebAuthn, which needs neither name nor origin. It answers everything with
// domain.DisabledEndpoint.
type None struct{}

var _ port.WebAuthn = None{}

// BeginRegistration asks for nothing.
func (None) BeginRegistration(port.KeyOwner, bool) (options []byte, challenge, state string, err error) {
	return nil, "", "", domain.DisabledEndpoint
}

// FinishRegistration takes no key.
func (None) FinishRegistration(port.KeyOwner, string, []byte) (domain.SecurityKey, error) {
	return domain.SecurityKey{}, domain.DisabledEndpoint
}

// BeginAssertion asks for nothing.
func (None) BeginAssertion(*port.KeyOwner, bool) (options []byte, challenge, state string, err error) {
	return nil, "", "", domain.DisabledEndpoint
}

// Challenge reads nothing.
func (None) Challenge([]byte) (string, error) { return "", domain.DisabledEndpoint }

// FinishAssertion takes no key.
func (None) FinishAssertion(string, []byte, func(domain.UserID) (port.KeyOwner, error)) (domain.UserID, domain.SecurityKey, error) {
	return "", domain.SecurityKey{}, domain.DisabledEndpoint
}
