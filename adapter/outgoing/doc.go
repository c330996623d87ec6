// Package outgoing makes the HTTP client for requests to identity providers: with a limit of time, of the answer's size and of its
// headers, and without redirects.
package outgoing
