package migrations

import (
	"fmt"
	"strings"
)

// Reason says why a database is refused. It is an error, so errors.Is(err, migrations.Dirty) works on what Up returns.
type Reason string

// The reasons for which a database is not touched.
const (
	// Dirty: a hasura-auth migration failed half-way and has not been repaired.
	Dirty Reason = "dirty"
	// BackendPlus: the schema belongs to hasura-backend-plus, the predecessor of hasura-auth.
	BackendPlus Reason = "hasura-backend-plus"
	// Foreign: tables have our names but another shape; they belong to another product.
	Foreign Reason = "foreign"
	// Incomplete: the bookkeeping names a version whose objects are not all there, or have another shape.
	Incomplete Reason = "incomplete"
	// Ambiguous: the bookkeeping contradicts itself or names a version that cannot be.
	Ambiguous Reason = "ambiguous"
	// Newer: a newer hexauth has been at work here.
	Newer Reason = "newer"
	// Permission: the database role may not make the changes that are needed.
	Permission Reason = "permission"
	// Extensions: a needed extension is installed in another schema than public.
	Extensions Reason = "extensions"
)

// Error gives the bare reason.
func (r Reason) Error() string { return string(r) }

// RefusedError tells the operator why the database is not touched and what to do about it. It wraps its Reason.
type RefusedError struct {
	Reason Reason
	Found  string // what was found: a sentence without full stop
	Advice string // what to do: a sentence without full stop
}

// Error gives reason, finding and advice in one line.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the database is refused (%s) and was not touched: %s. %s.", e.Reason, e.Found, e.Advice)
}

// Unwrap gives the Reason.
func (e *RefusedError) Unwrap() error { return e.Reason }

// StepError is the failure of one step. The step has been rolled back; those before it stay.
type StepError struct {
	Step Step
	Err  error
}

// Error names the step and its cause.
func (e *StepError) Error() string {
	return fmt.Sprintf("migration step %s failed and was rolled back: %v", e.Step, e.Err)
}

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }

// sentence joins at most eight findings and counts the rest.
func sentence(findings []string) string {
	const most = 8
	if len(findings) <= most {
		return strings.Join(findings, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(findings[:most], ", "), len(findings)-most)
}
