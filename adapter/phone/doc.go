// Package phone reads phone numbers with the numbering plans of Google's libphonenumber, as port.PhoneNumbers.
//
// Notation and countries live here. Which countries get messages, and how many, is decided by the use cases. The plans are
// generated (gentables) and lie in the binary until a number is read; a test compares what is read with the library itself.
package phone

//go:generate go run ./gentables plans.go
