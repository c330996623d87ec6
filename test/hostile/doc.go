// Package hostile plays the servers that hexauth asks, at their worst: answers that are any bytes, that never begin, never end,
// arrive byte by byte, are huge, are small and unpack to something huge, or have more header than body.
//
// Answer is for fuzz targets, which need no network. Servers are for the test here that holds every adapter with an HTTP client
// to its limits of time and memory; a new adapter gets a line in its table.
package hostile
