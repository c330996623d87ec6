// Package arch holds the rules of the layout as tests: who may import whom, that every package explains itself, that clock
// and chance stay where they belong.
package arch
