package port

import "errors"

// What adapters report to use cases, which translate it into codes of the product.
var (
	ErrNotFound = errors.New("not found")
	ErrTaken    = errors.New("already taken")
)
