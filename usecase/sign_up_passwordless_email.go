package usecase

import "context"

// SignUpPasswordlessEmail creates an account and mails a link that signs in.
type SignUpPasswordlessEmail struct{ EmailSignIn }

// Do answers nil, and mails nothing, for an address that somebody has. Errors as SignInPasswordlessEmail's.
func (uc *SignUpPasswordlessEmail) Do(ctx context.Context, in EmailSignInInput) error {
	if err := uc.SignUp.MayLink(in.Options.RedirectTo); uc.Enabled && err != nil {
		return err
	}
	return uc.signUp(ctx, in, uc.byLink)
}
