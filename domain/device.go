package domain

import (
	"context"
	"strings"
)

// Device is where a request comes from, for its user to recognise a session by. Neither is proof of anything.
type Device struct {
	UserAgent string
	Address   string // of the client, without port
}

// maxUserAgent is how many bytes of a user agent are kept.
const maxUserAgent = 256

type deviceKey struct{}

// WithDevice returns a context that says where its request comes from.
func WithDevice(ctx context.Context, d Device) context.Context {
	if len(d.UserAgent) > maxUserAgent {
		d.UserAgent = strings.ToValidUTF8(d.UserAgent[:maxUserAgent], "") // not half a character
	}
	return context.WithValue(ctx, deviceKey{}, d)
}

// DeviceOf returns where the context's request comes from; the zero value when it is not known.
func DeviceOf(ctx context.Context) Device {
	d, _ := ctx.Value(deviceKey{}).(Device)
	return d
}

type requestIDKey struct{}

// WithRequestID returns a context that knows the id of its request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestIDOf returns the id of the context's request, "" when there is none.
func RequestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
