package usecase

import "context"

// SignUpOTPEmail creates an account and mails a code that signs in.
type SignUpOTPEmail struct{ EmailSignIn }

// Do answers nil, and mails nothing, for an address that somebody has. Errors as SignInPasswordlessEmail's.
func (uc *SignUpOTPEmail) Do(ctx context.Context, in EmailSignInInput) error {
	return uc.signUp(ctx, in, uc.byCode)
}
