// Package claims asks the app what access tokens shall say about a user, as port.CustomClaims:
//
//   - SQL runs the app's query on its PostgreSQL database,
//   - Hook asks the app itself over HTTP,
//   - None is for apps that have nothing to say.
//
// Hasura, the third place to ask, has its own package. Bounded puts limits around any of them: a deadline, a size, and a memory for
// seconds. Which names are allowed, what defaults mean and whether a token is issued without claims are rules of domain.
package claims
