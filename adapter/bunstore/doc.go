// Package bunstore keeps everything in PostgreSQL or SQLite, through Bun: row types, statements and the mapping to domain
// values. Nothing else in the project knows Bun, a driver or SQL.
//
// One set of repositories serves both databases. SQLite attaches its file under the name auth, so that auth.users is a valid
// name on both, and statements are written once wherever the dialects allow it. Where they don't, the method says so and has
// two texts: SQLite has no data-modifying common table expressions, so what is one statement on PostgreSQL is a transaction
// of several there.
//
// Statements on the paths of requests are raw texts with bound arguments: PostgreSQL prepares them once per connection and
// neither parses nor plans them again. Each is one round trip. See conn.go.
package bunstore
