// Package wire is a network between a server and its database, or anything else it connects to, that tests can freeze. Only what disturbs
// connections may enter; it knows nothing of what they carry.
package wire
