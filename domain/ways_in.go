package domain

// WaysIn are what a user has to sign in with.
type WaysIn struct {
	Password      bool
	Email         bool // an address
	VerifiedPhone bool
	SecurityKeys  int
	Providers     []string // names of those whose accounts are linked, one for each account
}

// WaysInPolicy says which of them are good for a sign-in: what is switched off lets nobody in. Resetting a password by mail and
// personal access tokens are none; the first repairs an account, the second is a program's.
type WaysInPolicy struct {
	Mail         bool // links or codes that sign in
	SMS          bool
	SecurityKeys bool
	Providers    func(name string) bool // nil: none
}

// MayLose answers LastWayIn when the step from before to after would take the user's last way in. Who had none before loses
// nothing.
func (p WaysInPolicy) MayLose(before, after WaysIn) error {
	if p.opens(before) && !p.opens(after) {
		return LastWayIn
	}
	return nil
}

// opens tells whether there is any way in.
func (p WaysInPolicy) opens(w WaysIn) bool {
	if w.Email && (w.Password || p.Mail) || w.VerifiedPhone && p.SMS || w.SecurityKeys > 0 && p.SecurityKeys {
		return true
	}
	for _, name := range w.Providers {
		if p.Providers != nil && p.Providers(name) {
			return true
		}
	}
	return false
}
