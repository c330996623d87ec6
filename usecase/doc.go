// Package usecase holds what a client can ask for: one file and one type an operation, named after the contract's operationId
// (sign_up_email_password.go → SignUpEmailPassword), and a few operations of the command line.
//
// A use case is a struct of ports and policies with one method, Do. Its fields are its dependency list. Use cases never call
// one another; what several of them do alike lives in sessions.go (a session is built in one place), tickets.go (whatever is
// mailed), ceremonies.go (the two halves of WebAuthn), accounts.go (rules about accounts), audit.go (what happened is taken
// down) and administration.go (what administrators
// do). They translate the errors of ports into the codes of package domain, and do nothing slow inside of a transaction.
//
// A new operation gets a new file here, a field in rest.UseCases and a line in cmd/hexauth/wire.go.
package usecase
