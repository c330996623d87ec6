package domain

import "time"

// Claims are what an access token says about its bearer.
type Claims struct {
	Subject      UserID
	SessionID    SessionID // "" in tokens of the peer
	IssuedAt     time.Time
	ExpiresAt    time.Time
	AllowedRoles []Role
	DefaultRole  Role
	IsAnonymous  bool
	Elevated     bool // proven again, shortly before, with a second factor

	// Custom are the app's own, settled by a CustomClaimsPolicy. They are written and never read back.
	Custom CustomClaims
}

// ClaimsFor returns the claims of a session that begins or goes on at now and whose access token lives for ttl.
func ClaimsFor(u User, session SessionID, now time.Time, ttl time.Duration) Claims {
	return Claims{
		Subject: u.ID, SessionID: session, IssuedAt: now, ExpiresAt: now.Add(ttl),
		AllowedRoles: u.Roles, DefaultRole: u.DefaultRole, IsAnonymous: u.IsAnonymous,
	}
}
