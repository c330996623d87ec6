// Package postmark hands mails to Postmark, as port.Mailer. The words stand in templates that the operator keeps at Postmark
// under the alias "<locale>.<template>" (en.email-verify); this package sends the values for their placeholders, as
// hasura-auth does, and ignores the mail's own words.
//
// What Postmark's endpoint for templates needs may enter. Other services become packages of their own.
package postmark
