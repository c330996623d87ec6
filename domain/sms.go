package domain

import (
	"slices"
	"time"
)

// SMSOTPLifetime is how long a code that was sent by SMS is good. Its attempts are those of every other code.
const SMSOTPLifetime = 5 * time.Minute

// GatewayOTPLifetime is how long a gateway that makes codes by itself may take one for good.
const GatewayOTPLifetime = 10 * time.Minute

// SMSAttempts is how often at most a queued message is handed to a gateway: one that fails may have been sent all the same.
const SMSAttempts = 3

// SMSCap says how many messages may be sent until a window ends.
type SMSCap struct {
	Subject      string // what is counted
	Most         int
	WindowEndsAt time.Time // of a window that begins with this message
}

// SMSPolicy decides who may be sent messages, and how many. Messages cost money, and whoever earns by them has them sent to numbers
// of their own (toll fraud, "SMS pumping").
type SMSPolicy struct {
	Countries   []string // ISO 3166; empty for all
	TestNumbers []string // in E.164; they are sent nothing, their codes are logged
	PerNumber   int      // messages in Window; 0 for no cap, as below
	PerCountry  int
	Total       int
	Window      time.Duration
}

// IsTest tells whether a number is sent nothing.
func (p SMSPolicy) IsTest(number string) bool { return slices.Contains(p.TestNumbers, number) }

// MayReach answers CannotSendSMS for a country that gets no messages. Numbers of no country get none where countries are named.
func (p SMSPolicy) MayReach(country string) error {
	if len(p.Countries) > 0 && !slices.Contains(p.Countries, country) {
		return CannotSendSMS
	}
	return nil
}

// Caps returns the caps on one more message to a number, the narrowest first, so that who exhausts a number's cap takes nothing
// from the others. Numbers of no country share one cap.
func (p SMSPolicy) Caps(number OTPSubject, country string, now time.Time) []SMSCap {
	var caps []SMSCap
	for _, c := range []SMSCap{{Subject: "number " + string(number), Most: p.PerNumber}, {Subject: "country " + country, Most: p.PerCountry}, {Subject: "total", Most: p.Total}} {
		if c.Most > 0 {
			c.WindowEndsAt = now.Add(p.Window)
			caps = append(caps, c)
		}
	}
	return caps
}

// LegacySMSCode is a code that a hasura-auth server left with an account.
type LegacySMSCode struct {
	UserID      UserID
	PhoneNumber string // as it is written there
	Hash        string // bcrypt
}
