// Package phone reads phone numbers with the tables of Google's libphonenumber, as port.PhoneNumbers.
//
// Notation and countries live here. Which countries get messages, and how many, is decided by the use cases.
package phone
