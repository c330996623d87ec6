// Package config turns environment variables into one validated Config.
//
// Load takes a map of variables and answers with a Config that needs no further checking, or with an *Error that lists
// every mistake at once, by variable name and with what would be right. Values of secrets appear in no error, no warning
// and no listing. The package does no I/O: it reads no file, opens no connection and asks no clock, so a test loads any
// environment by writing a map.
//
// A variable is one field of Config: its tags hold the name (env), the default (envDefault), the default in development
// mode (devDefault), limits (min, max, enum) and the text of its documentation. Everything that lists variables
// (Variables, Markdown, Config.Effective, docs/configuration.md) is read from those tags.
//
// What may enter: variables, their defaults, and checks that need nothing but the environment. Rules of the product belong
// in domain; what opens, connects or generates belongs in an adapter or in cmd.
package config

//go:generate go run ./gendoc ../docs/configuration.md
