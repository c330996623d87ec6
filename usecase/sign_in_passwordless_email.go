package usecase

import "context"

// SignInPasswordlessEmail mails a link that signs in.
type SignInPasswordlessEmail struct{ EmailSignIn }

// Do mails the link, creating the account when there is none and auto sign-up is on. Errors: DisabledEndpoint,
// InvalidEmailPassword (the address is refused), RedirectToNotAllowed, RoleNotAllowed, DefaultRoleMustBeInAllowedRoles,
// DisabledUser, SignupDisabled.
func (uc *SignInPasswordlessEmail) Do(ctx context.Context, in EmailSignInInput) error {
	if err := uc.SignUp.MayLink(in.Options.RedirectTo); uc.Enabled && err != nil {
		return err
	}
	return uc.signIn(ctx, in, uc.byLink)
}
