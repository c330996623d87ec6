// Package results writes what a command measured into a page of docs, between marks, so that the page and the command that
// filled it can't tell different stories.
package results
