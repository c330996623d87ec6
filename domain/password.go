package domain

// PasswordPolicy says which passwords may be set. It is not asked at sign-in: a password that was good enough once still works.
type PasswordPolicy struct {
	MinLength int // bytes, as the peer counts
	MaxLength int // bytes; 0: no limit. bcrypt reads 72 bytes and no more
}

// Check answers PasswordTooShort, a FieldError with InvalidRequest for a password that is too long, or nil.
func (p PasswordPolicy) Check(field, password string) error {
	if len(password) < p.MinLength {
		return PasswordTooShort
	}
	if p.MaxLength > 0 && len(password) > p.MaxLength {
		return &FieldError{Code: InvalidRequest, Field: field, Reason: "is too long for the configured password hash"}
	}
	return nil
}
