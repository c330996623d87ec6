package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// LinkIDToken links the identity of an id token to a user who is signed in. Its address need not be the user's: the token is the
// proof, not the address.
type LinkIDToken struct {
	ProviderSignIn
	IDTokens IDTokens
}

// Do links it. Errors: SchemaValidation, DisabledEndpoint, InvalidRequest (the token is not good), OAuthProfileFetchFailed, those of
// domain.SignInPolicy.MayAct, ProviderAccountAlreadyLinked, Unavailable.
func (uc *LinkIDToken) Do(ctx context.Context, bearer domain.UserID, in IDTokenInput) error {
	identity, err := uc.IDTokens.identity(ctx, in)
	if err != nil {
		return err
	}
	return uc.connect(ctx, bearer, arrival{identity: identity})
}
