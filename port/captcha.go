package port

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// Captcha checks what a visitor's browser answered to a captcha.
type Captcha interface {
	// Check tells whether the answer is good; it can be used once. address is the client's. An error means that nothing is known: it
	// wraps domain.Unavailable where another try may succeed, and is the operator's to mend otherwise. It holds neither the answer nor
	// a secret.
	Check(ctx context.Context, answer, address string) (domain.CaptchaVerdict, error)
}
