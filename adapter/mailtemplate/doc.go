// Package mailtemplate puts messages into words: it is port.Templates.
//
// A template is a folder <locale>/<template>/ with subject.txt, body.html and body.txt (for SMS body.txt alone), in which
// ${name} stands for a value. Operators bring their own in this form (custom.go), and our own are brought into it: they
// are one layout and the wording of each language, put together at start (builtin.go). From there both take the same way:
//
//	files ── parse (document.go) ── expand, escaped for where the value stands (context.go) ── domain.Mail
//	            └─ a missing body.txt is derived from body.html (plaintext.go)
//
// Everything is read and checked in New, so that a mistake in a template stops the start and not a mail. Our own mails show
// no display name: it is chosen by whoever signs up, and with it anybody could send a text of theirs to any address.
//
// How mails are sent is none of this package's business; only what they say, in which language, and that values are
// harmless wherever a template puts them.
package mailtemplate
