// Package proc builds the real hexauth binary and runs it as a process of its own, for tests of what only a process has:
// signals, exit codes, a death without warning, several instances on one database.
//
// Build compiles once; Start runs `hexauth serve` in an empty folder with exactly the environment it is given, and returns
// when the server is alive. Tests that need no process call the command's run function, or use the wired use cases of
// test/kit. Only starting, watching and ending the binary may enter here.
package proc
