// Package smtp hands mails to a mail server (RFC 5321), as port.Mailer.
//
//	Send ──► compose (MIME, before any connection) ──► the one connection, in turn ──► MAIL RCPT DATA ──► 250
//	                                                    │ none, or dead: dial, EHLO, STARTTLS, AUTH
//
// There is one connection, used by one mail after the other and given back after 30 idle seconds: a new one for each mail
// would cost eight times as much. A connection that died between two mails is replaced once, unseen by the caller, as long as
// the server has not agreed to take the content (354): after that only the caller may decide to send again, with the same
// Message-ID.
//
// mailer.go owns the connection, line.go speaks on it, compose.go writes the mail, failure.go says what went wrong without
// giving secrets away. What a mail says is decided by templates, when to try again by the outbox; neither belongs here.
package smtp
