package domain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const ticketUUID = "5f0c1a9e-7b1d-4d33-9a55-0b8f6d3f2c10"

func TestTicket_SaysItsPurposeAndNothingElseIsATicket(t *testing.T) {
	for _, purpose := range []TicketPurpose{TicketVerifyEmail, TicketPasswordlessEmail, TicketEmailConfirmChange, TicketPasswordReset} {
		ticket := NewTicket(purpose, ticketUUID)
		require.Equal(t, Ticket(string(purpose)+":"+ticketUUID), ticket)
		got, found := ticket.Purpose()
		require.True(t, found)
		require.Equal(t, purpose, got)
	}
	for _, text := range []Ticket{"", ":", "123456", ticketUUID, "otp:123456", "mfaTotp:" + ticketUUID, "verifyemail:x", " verifyEmail:x"} {
		_, found := text.Purpose()
		require.False(t, found, "%q", text)
	}
}

func TestTicket_IsHashedWhole(t *testing.T) {
	// printf 'verifyEmail:5f0c1a9e-7b1d-4d33-9a55-0b8f6d3f2c10' | sha256sum
	require.Equal(t, TicketHash("20a5938fd0613c217bec8b0a977af278c234bf8a78c9e7dcd471bf65ad8bdcbf"), NewTicket(TicketVerifyEmail, ticketUUID).Hash())
	require.NotEqual(t, NewTicket(TicketVerifyEmail, ticketUUID).Hash(), NewTicket(TicketPasswordReset, ticketUUID).Hash())
}

func TestTicket_LinksHaveTheirParametersInOrder(t *testing.T) {
	const server, app = "https://auth.example.com/v1/", "https://app.example.com/a?b=c&d=e#f"
	const redirect = "redirectTo=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc%26d%3De%23f"
	for purpose, linkType := range map[TicketPurpose]string{
		TicketVerifyEmail: "emailVerify", TicketPasswordlessEmail: "signinPasswordless",
		TicketEmailConfirmChange: "emailConfirmChange", TicketPasswordReset: "passwordReset",
	} {
		ticket := NewTicket(purpose, ticketUUID)
		rest := redirect + "&ticket=" + string(purpose) + "%3A" + ticketUUID + "&type=" + linkType
		require.Equal(t, "https://auth.example.com/v1/verify?"+rest, ticket.Link(server, app, ""))
		require.Equal(t, "https://auth.example.com/v1/verify?codeChallenge=x_y-z&"+rest, ticket.Link(server, app, "x_y-z"))
	}
}

func TestTicketPurpose_KnowsItsLifeItsMailAndWhetherItVerifies(t *testing.T) {
	type facts struct {
		lifetime time.Duration
		template Template
		verifies bool
	}
	for purpose, want := range map[TicketPurpose]facts{
		TicketVerifyEmail:        {30 * 24 * time.Hour, TemplateEmailVerify, true},
		TicketPasswordlessEmail:  {time.Hour, TemplateSignInPasswordless, true},
		TicketEmailConfirmChange: {time.Hour, TemplateEmailConfirmChange, false},
		TicketPasswordReset:      {time.Hour, TemplatePasswordReset, false},
	} {
		require.Equal(t, want, facts{purpose.Lifetime(), purpose.Template(), purpose.Verifies()}, purpose)
	}
}

func TestTicketRecord_ReachedItsOwnerAtTheAddressThatTheAccountHas(t *testing.T) {
	record := TicketRecord{Email: "Jane@example.com"}
	require.True(t, record.ReachedOwner(User{Email: "jane@EXAMPLE.com"}))
	require.False(t, record.ReachedOwner(User{Email: "new@example.com"}))
	require.False(t, record.ReachedOwner(User{}))
	require.True(t, TicketRecord{}.ReachedOwner(User{Email: "jane@example.com"}))
}
