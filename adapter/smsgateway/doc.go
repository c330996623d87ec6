// Package smsgateway hands short messages to any gateway that takes a JSON document by POST, as port.SMSSender: the operator
// writes the URL, the headers and a template of the document.
//
// A gateway that needs more than that (signatures, tokens that expire, forms) becomes a package of its own.
package smsgateway
