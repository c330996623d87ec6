package api

// Parse is what Load does once.
var Parse = parse
