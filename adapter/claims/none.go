package claims

import (
	"context"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// None is for apps without claims of their own. It costs nothing.
type None struct{}

var _ port.CustomClaims = None{}

// Of returns no claims.
func (None) Of(context.Context, domain.UserID) (domain.CustomClaims, error) { return nil, nil }
