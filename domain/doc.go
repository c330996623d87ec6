// Package domain holds the rules and values of hexauth: who may sign up, who may sign in, what a refresh token is and what
// follows it, where a browser may be sent. It is the middle of the hexagon.
//
// It imports the standard library only, and of that nothing that knows about HTTP, JSON or SQL. Values are plain structs and
// strings; rules are methods on values or on policies (SignUpPolicy, SignInPolicy, PasswordPolicy, RedirectPolicy), which are
// built once from the configuration. Time, chance and ids come in as arguments: nothing here reads a clock.
//
// A new file belongs here when its content would still be true with another database, another transport and another mailer.
package domain
