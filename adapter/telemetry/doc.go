// Package telemetry sends traces and metrics by OpenTelemetry's protocol, OTLP over HTTP.
//
// It knows the SDK; what makes spans gets from here what it needs: the API a tracer, the store a hook for statements, outgoing HTTP
// clients a transport, the sender of mails a wrapper. A nil *Telemetry does nothing and costs nothing. Attributes follow
// OpenTelemetry's semantic conventions. No span holds a query, an argument of a statement, a body, an address of a user or a
// secret; a test runs every flow and looks.
package telemetry
