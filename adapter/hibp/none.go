package hibp

import (
	"context"

	"github.com/hexauth/hexauth/port"
)

// None is a port.BreachedPasswords that knows no password: the check is switched off.
type None struct{}

var _ port.BreachedPasswords = None{}

// Contains is always false.
func (None) Contains(context.Context, string) (bool, error) { return false, nil }
