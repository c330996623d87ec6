package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// EncryptTOTPSecrets encrypts the secrets that an old hasura-auth server has left in clear. Any number of instances may run it, at any
// time: until a secret is encrypted it is read as it is.
type EncryptTOTPSecrets struct {
	Store port.Store
	Batch int // secrets read at a time
}

// Do works through all users once, in batches, and says how many secrets it found in clear.
func (uc *EncryptTOTPSecrets) Do(ctx context.Context) (int, error) {
	total, last := 0, domain.UserID("")
	for {
		next, found, err := uc.Store.MFASecrets().EncryptTOTPSecrets(ctx, last, uc.Batch)
		total += found
		if err != nil || found < uc.Batch {
			return total, err
		}
		last = next
	}
}
