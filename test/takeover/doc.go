// Package takeover proves that hexauth takes over databases of hasura-auth with everything in them, and gives them back.
//
// Each test builds a database in the shape of one version of hasura-auth and fills it with what that server would have left:
// users, sessions, second factors, passkeys, links to providers, mails that are under way. The rows are written by the rules of
// that server and without any code of hexauth. Then the built binary is started on it and asked, over HTTP, as clients ask.
//
// The way back is proven by reading, again by that server's rules alone, what hexauth has written. Only tests of the change from
// one server to the other may enter here; that every version gets the right schema is proven in migrations.
package takeover
