package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// Authenticate tells who bears an access token.
type Authenticate struct {
	Tokens port.AccessTokens
}

// Do returns the token's claims. domain.Unauthorized when it is not one of ours, is expired or was made for another use.
func (uc *Authenticate) Do(ctx context.Context, token string) (domain.Claims, error) {
	return uc.Tokens.Verify(ctx, token)
}
