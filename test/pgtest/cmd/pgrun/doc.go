// Command pgrun runs a command with TEST_POSTGRES_URL set:
//
//	pgrun -- go test ./...
//
// Where the variable is set already it only runs the command. Otherwise it starts a throwaway PostgreSQL cluster from the
// installed binaries, and removes it when the command has ended. The command's exit code becomes its own, and the signals
// INT, TERM and HUP are passed on.
package main
