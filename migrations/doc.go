// Package migrations brings a database to the schema hexauth works on, and tells beforehand what it would do.
//
// # PostgreSQL
//
// The schema auth is hasura-auth's, at its version 22. The files postgres/00001_… to 00022_… lead there from any earlier
// version and from nothing at all: there is one path. Each is written from the facts of that schema, can be run again
// without harm, and runs in a transaction that also moves auth.schema_migrations to (n, false). What we add is additive
// (nullable columns, indexes, tables of our own), lives in postgres/own/ and is recorded in auth.hexauth_migrations, so
// a hasura-auth server that knows version 22 can go back to work on the database.
//
//	found                                                   what Up does
//	nothing                                                 steps 1 … 22, then ours
//	auth.schema_migrations says v, 1 ≤ v ≤ 22               steps v+1 … 22, then ours
//	auth.migrations (the TypeScript server's) says v        records v in auth.schema_migrations, then the same
//	auth.users, but no bookkeeping (a restored dump)        derives v from the objects, records it, then the same
//	auth.schema_migrations says more than 22                ours only, if everything of 22 is there
//	dirty, foreign, incomplete, newer than this program     refuses, and touches nothing
//
// postgres/objects.txt says what a database at a version holds; a database is compared with it before the first step.
// Up holds an advisory lock meanwhile (LockKey), so of any number of instances that start at once one migrates and the
// others wait for it. A step takes the locks its ALTER TABLE needs: it waits for transactions that use the table, and
// new ones wait for it, for two seconds at most; then it gives way and tries again.
//
// # SQLite
//
// The file is attached as auth on every connection the caller opens, so auth.users is a valid name there too. The files
// sqlite/0001_… create the same tables as far as the dialect goes, each in a BEGIN IMMEDIATE transaction; processes that
// start at once on one file take turns.
//
// # What may enter
//
// SQL files and the code that chooses and applies them; nothing that knows a use case, Bun or the configuration. Clocks
// are the databases' own. A step that has been released is never edited; the next number follows it, in both dialects.
package migrations
