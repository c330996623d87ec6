// Package outgoing has what adapters need that ask other servers over HTTP: addresses, a transport that reads no endless header, clients
// that follow no redirects, errors without secrets, and for identity providers a client whose answers are limited in time and size.
package outgoing
