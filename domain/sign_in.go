package domain

// SignInPolicy decides, once it is certain who somebody is, whether the account may be used.
type SignInPolicy struct {
	Emails          EmailAccessPolicy
	RequireVerified bool // an address must be verified before its owner gets a session
}

// MayRefresh says whether a session of the user may go on: DisabledUser, UnverifiedUser or nil. Rules about addresses that
// changed after the sign-in, and anonymity, do not end a session.
func (p SignInPolicy) MayRefresh(u User) error {
	if u.Disabled {
		return DisabledUser
	}
	if p.RequireVerified && u.Email != "" && !u.EmailVerified && !u.IsAnonymous {
		return UnverifiedUser
	}
	return nil
}

// MaySignIn says whether the user may get a session: InvalidEmailPassword (the access lists refuse the address),
// DisabledUser, UnverifiedUser or nil. Rules about addresses apply only to users who have one.
func (p SignInPolicy) MaySignIn(u User) error {
	if u.Email != "" && !u.IsAnonymous && !p.Emails.Allows(string(u.Email)) {
		return InvalidEmailPassword
	}
	return p.MayRefresh(u)
}

// MayAct says whether the owner of a valid access token may act on the account: what MaySignIn says, and
// ForbiddenAnonymous for anonymous users.
func (p SignInPolicy) MayAct(u User) error {
	if err := p.MaySignIn(u); err != nil {
		return err
	}
	if u.IsAnonymous {
		return ForbiddenAnonymous
	}
	return nil
}
