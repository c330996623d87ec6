package port

import "time"

// Clock tells the time, in UTC.
type Clock interface {
	Now() time.Time
}

// Random is the source of ids and secrets; cryptographically strong outside of tests.
type Random interface {
	// UUID returns a version 4 UUID in lower-case text.
	UUID() string

	// Nonce returns 16 random bytes.
	Nonce() [16]byte
}

// Journal takes down what operators must see: events of security, not errors of requests. Values are never secrets.
type Journal interface {
	// RefreshTokenReused: a refresh token was presented after its successor had been in use; the session was ended.
	RefreshTokenReused(user, session string)

	// SMSRefused: a gateway did not take a message, and it is not tried again; cause has the gateway's reason.
	SMSRefused(cause error)

	// SMSOfTest: a number for tests was sent nothing. code is what its owner types: the one secret that is taken down.
	SMSOfTest(number, code string)

	// SMSAmbiguous: a number belongs to several accounts, which write it differently, and none of them was meant for certain.
	SMSAmbiguous(users []string)

	// SecurityKeyCopied: a key was used whose counter had gone back; the use was refused. There may be a copy of the key.
	SecurityKeyCopied(user, key string)

	// MessageNotSent: an attempt to send a message failed; parked says that it was the last one.
	MessageNotSent(id, template string, attempts int, parked bool, cause error)
}
