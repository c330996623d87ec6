// Command hexauth is the server and its tools: serve, migrate, keys, config and version.
//
// main only calls run, so that a test starts the real program with any arguments and environment. wire.go is the one file
// that sees every package: it builds adapters from the configuration and hands them to use cases. A new adapter or use case
// gets its line there.
package main
