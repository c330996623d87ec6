// Package userfile reads files of users that another system exported: one JSON object a line.
//
// It knows the form of the file and nothing of what makes an account: lengths, spellings and what belongs together are looked at by
// the use case. A mistake names the field and never repeats a value. Other formats of such files would get their reader here.
package userfile
