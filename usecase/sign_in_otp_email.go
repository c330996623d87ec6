package usecase

import "context"

// SignInOTPEmail mails a code that signs in.
type SignInOTPEmail struct{ EmailSignIn }

// Do mails the code, creating the account when there is none and auto sign-up is on. Errors as SignInPasswordlessEmail's.
func (uc *SignInOTPEmail) Do(ctx context.Context, in EmailSignInInput) error {
	return uc.signIn(ctx, in, uc.byCode)
}
