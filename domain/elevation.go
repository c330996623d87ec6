package domain

// ElevationMode says from whom sensitive operations demand a session that was proven again.
type ElevationMode string

// The modes, as AUTH_REQUIRE_ELEVATED_CLAIM names them.
const (
	ElevationDisabled    ElevationMode = "disabled"    // from nobody
	ElevationRecommended ElevationMode = "recommended" // from users who can prove themselves again
	ElevationRequired    ElevationMode = "required"    // from everybody
)

// ElevationDemand is what an operation asks of its bearer. The zero value asks for nothing.
type ElevationDemand struct {
	Sensitive bool // it changes how the account is entered
	MFA       bool // it is sensitive only where TOTP takes part in elevation
	Enrols    bool // it adds a factor: who has none yet may do so under any mode, or nobody could ever begin
	Open      bool // the session of the token must not have ended; so it must wherever an operation is sensitive
}

// SecondFactors says with what a user can prove again who they are.
type SecondFactors struct {
	SecurityKey bool
	TOTP        bool
}

// ElevationPolicy decides whether an access token is good enough for an operation.
type ElevationPolicy struct {
	Mode ElevationMode
	MFA  bool // TOTP takes part: its own operations are sensitive too, and who has nothing else can prove themselves by it
}

// Demands tells whether op asks for an elevated token, as far as that can be said without knowing the user's factors; otherwise
// undecided says that CanElevate has the last word.
func (p ElevationPolicy) Demands(op ElevationDemand) (demanded, undecided bool) {
	switch {
	case p.Mode != ElevationRecommended && p.Mode != ElevationRequired, !op.Sensitive, op.MFA && !p.MFA:
		return false, false
	case p.Mode == ElevationRequired && !op.Enrols:
		return true, false
	}
	return false, true
}

// CanElevate tells whether a user with these factors can get an elevated session.
func (p ElevationPolicy) CanElevate(f SecondFactors) bool {
	return f.SecurityKey || p.MFA && f.TOTP
}
