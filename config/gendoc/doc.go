// Command gendoc writes docs/configuration.md from config.Markdown; "go generate ./config" runs it. Its only argument is the
// path of the file. Nothing else belongs here: what the document says is decided in package config.
package main
