// Command soak runs three instances of hexauth behind a proxy, with PostgreSQL, Redis and a mail server, under mixed load for minutes,
// while every one of them is killed, stopped, frozen or cut off, and the clock of one instance is an hour off. Then it compares
// what clients were acknowledged with what is there.
//
//	make soak
//	SOAK_TIME=20m make soak
//
// The world (world.go, instance.go, proxy.go, wire.go, mail.go, clock.go) is what runs. Actors (actors.go, accounts.go) are clients who
// write down in the ledger (ledger.go) what they were acknowledged. Faults (faults.go) happen in phases (phases.go); each has a
// window outside of which no request may fail. Checks (checks.go, leaks.go) compare the ledger with the database and with what the
// API answers. The report (report.go) goes to standard output and into docs/reliability.md.
//
// Nothing of the server is imported and nothing in the server knows of this command. It exits with 1 when anything does not hold.
package main
