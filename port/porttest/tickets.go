package porttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// racers is how many callers want one thing at the same time.
const racers = 50

var errChangedMind = errors.New("changed my mind")

// newMessage returns a message with every field set.
func newMessage() domain.Message {
	return domain.Message{
		ID: uuid.NewString(), Template: domain.TemplateEmailVerify, Locale: "de", To: "jane@example.com", DisplayName: "Jane Doe",
		Email: "jane@example.com", NewEmail: "new@example.com", Link: "https://auth.example.com/verify?ticket=secret", Ticket: "secret",
		RedirectTo: "https://app.example.com",
	}
}

// newTicket returns a ticket that expires in an hour.
func newTicket(user domain.UserID, purpose domain.TicketPurpose) domain.TicketRecord {
	return domain.TicketRecord{
		Hash: domain.NewTicket(purpose, uuid.NewString()).Hash(), Purpose: purpose, UserID: user, Email: "Jane@example.com",
		CodeChallenge: "challenge", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// issue stores a new ticket.
func issue(t *testing.T, store port.Repos, user domain.UserID, purpose domain.TicketPurpose) domain.TicketRecord {
	t.Helper()
	ticket := newTicket(user, purpose)
	require.NoError(t, store.Tickets().Issue(t.Context(), ticket, newMessage()))
	return ticket
}

// inserted creates an account and returns its id.
func inserted(t *testing.T, store port.Repos, email domain.Email) domain.UserID {
	t.Helper()
	user := newUser(email)
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user}))
	return user.ID
}

// undone runs do in a transaction that fails.
func undone(t *testing.T, store port.Store, do func(ctx context.Context, repos port.Repos)) {
	t.Helper()
	require.Equal(t, errChangedMind, store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
		do(ctx, repos)
		return errChangedMind
	}))
}

// redeem uses a link in a transaction of its own; it can be opened again for ten minutes.
func redeem(ctx context.Context, store port.Store, hash domain.TicketHash, session domain.SessionID, at time.Time) (ticket domain.TicketRecord, err error) {
	err = store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error {
		ticket, err = repos.Tickets().Redeem(ctx, hash, session, at, at.Add(-10*time.Minute))
		return err
	})
	return ticket, err
}

func newSessionID() domain.SessionID { return domain.SessionID(uuid.NewString()) }

func ticketsSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("what was issued is found, and its message queued", func(t *testing.T) {
		store := open(t)
		ticket, message := newTicket(inserted(t, store, "jane@example.com"), domain.TicketPasswordReset), newMessage()
		require.NoError(t, store.Tickets().Issue(t.Context(), ticket, message))
		found, err := store.Tickets().Find(t.Context(), ticket.Hash, now)
		require.NoError(t, err)
		require.Equal(t, ticket, found)
		queued := claim(t, store, now, 2)
		require.Len(t, queued, 1)
		require.Equal(t, message, queued[0].Message)
	})
	t.Run("a ticket may come into being with its account", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		ticket, message := newTicket(user.ID, domain.TicketVerifyEmail), newMessage()
		require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user, Ticket: &ticket, Message: &message}))
		_, err := store.Tickets().Find(t.Context(), ticket.Hash, now)
		require.NoError(t, err)
		require.Len(t, claim(t, store, now, 2), 1)
		second, another := newUser("JANE@example.com"), newMessage()
		lost := newTicket(second.ID, domain.TicketVerifyEmail)
		require.ErrorIs(t, store.Users().Insert(t.Context(), port.NewUser{User: second, Ticket: &lost, Message: &another}), port.ErrTaken)
		_, err = store.Tickets().Find(t.Context(), lost.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		require.Empty(t, claim(t, store, now, 2), "nobody is told of an account that did not come into being")
	})
	t.Run("a ticket about nobody is good for nothing, and its message queued", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, "", domain.TicketPasswordReset)
		wantNoTicket(t, store, ticket.Hash, now)
		require.Len(t, claim(t, store, now, 2), 1)
	})
	t.Run("a ticket for who does not exist is ErrNotFound, and nothing is queued", func(t *testing.T) {
		store := open(t)
		ticket := newTicket(domain.UserID(uuid.NewString()), domain.TicketPasswordReset)
		require.ErrorIs(t, store.Tickets().Issue(t.Context(), ticket, newMessage()), port.ErrNotFound)
		require.Empty(t, claim(t, store, now, 1))
	})
	t.Run("an unknown and an expired ticket are ErrNotFound", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketPasswordReset)
		wantNoTicket(t, store, ticket.Hash, ticket.ExpiresAt)
		wantNoTicket(t, store, "unknown", now)
		_, err := store.Tickets().Find(t.Context(), ticket.Hash, ticket.ExpiresAt.Add(-time.Microsecond))
		require.NoError(t, err)
	})
	t.Run("what can't be used any more is removed in batches, and nothing else", func(t *testing.T) {
		store := open(t)
		user := inserted(t, store, "jane@example.com")
		for range 5 {
			issue(t, store, user, domain.TicketPasswordReset)
			issue(t, store, "", domain.TicketPasswordReset)
		}
		living := newTicket(user, domain.TicketVerifyEmail)
		living.ExpiresAt = now.Add(2 * time.Hour)
		require.NoError(t, store.Tickets().Issue(t.Context(), living, newMessage()))
		late := now.Add(time.Hour + domain.LinkGrace)
		deleted, err := store.Tickets().DeleteExpired(t.Context(), late, 100)
		require.NoError(t, err)
		require.Zero(t, deleted, "a link that was used in its last moment can be opened again")
		for _, want := range []int{7, 3, 0} {
			deleted, err := store.Tickets().DeleteExpired(t.Context(), late.Add(time.Microsecond), 7)
			require.NoError(t, err)
			require.Equal(t, want, deleted)
		}
		_, err = store.Tickets().Find(t.Context(), living.Hash, now)
		require.NoError(t, err)
	})
}

// wantNoTicket checks that neither way leads to the ticket.
func wantNoTicket(t *testing.T, store port.Store, hash domain.TicketHash, at time.Time) {
	t.Helper()
	_, err := store.Tickets().Find(t.Context(), hash, at)
	require.ErrorIs(t, err, port.ErrNotFound)
	_, err = store.Tickets().Consume(t.Context(), hash, at)
	require.ErrorIs(t, err, port.ErrNotFound)
	_, err = redeem(t.Context(), store, hash, newSessionID(), at)
	require.ErrorIs(t, err, port.ErrNotFound)
}

func consumeSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("it comes back once, and no other goes with it", func(t *testing.T) {
		store := open(t)
		jane := inserted(t, store, "jane@example.com")
		ticket, like := issue(t, store, jane, domain.TicketPasswordReset), issue(t, store, jane, domain.TicketPasswordReset)
		got, err := store.Tickets().Consume(t.Context(), ticket.Hash, now)
		require.NoError(t, err)
		require.Equal(t, ticket, got)
		wantNoTicket(t, store, ticket.Hash, now)
		found, err := store.Tickets().Find(t.Context(), like.Hash, now)
		require.NoError(t, err)
		require.Equal(t, like, found)
	})
	t.Run("closing all sessions voids every ticket of the user, used or not, and nobody else's", func(t *testing.T) {
		store := open(t)
		jane, joe := inserted(t, store, "jane@example.com"), inserted(t, store, "joe@example.com")
		used, fresh := issue(t, store, jane, domain.TicketPasswordReset), issue(t, store, jane, domain.TicketVerifyEmail)
		other := issue(t, store, joe, domain.TicketPasswordReset)
		_, err := redeem(t.Context(), store, used.Hash, newSessionID(), now)
		require.NoError(t, err)
		require.NoError(t, store.Sessions().EndAllBut(t.Context(), jane, ""))
		wantNoTicket(t, store, used.Hash, now)
		wantNoTicket(t, store, fresh.Hash, now)
		found, err := store.Tickets().Find(t.Context(), other.Hash, now)
		require.NoError(t, err)
		require.Equal(t, other, found)
	})
	t.Run("a claimed account keeps what was mailed to its address and loses every other way in", func(t *testing.T) {
		store, jane := open(t), newUser("jane@example.com")
		_, token := insert(t, store, jane)
		proof, other := issue(t, store, jane.ID, domain.TicketPasswordlessEmail), issue(t, store, jane.ID, domain.TicketEmailConfirmChange)
		require.NoError(t, store.Users().Claim(t.Context(), jane.ID))
		_, err := store.Tickets().Find(t.Context(), proof.Hash, now)
		require.NoError(t, err)
		wantNoTicket(t, store, other.Hash, now)
		require.Empty(t, trailOf(t, store, token))
		found, err := store.Users().ByID(t.Context(), jane.ID)
		require.NoError(t, err)
		require.Empty(t, found.PasswordHash)
		require.Equal(t, domain.NoMFA, found.ActiveMFA)
	})
	t.Run("of fifty callers one gets it", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketPasswordReset)
		errs := atOnce(racers, func(int) error {
			_, err := store.Tickets().Consume(context.Background(), ticket.Hash, now)
			return err
		})
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, racers-1, count(errs, port.ErrNotFound))
	})
	t.Run("what fails after it leaves it good", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketPasswordReset)
		undone(t, store, func(ctx context.Context, repos port.Repos) {
			_, err := repos.Tickets().Consume(ctx, ticket.Hash, now)
			require.NoError(t, err)
		})
		_, err := store.Tickets().Consume(t.Context(), ticket.Hash, now)
		require.NoError(t, err)
	})
}

func redeemSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("each use sees the session of the one before, until the time is up", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketVerifyEmail)
		before := domain.SessionID("")
		for _, after := range []time.Duration{0, time.Minute, 10*time.Minute - time.Microsecond} {
			session := newSessionID()
			got, err := redeem(t.Context(), store, ticket.Hash, session, now.Add(after))
			require.NoError(t, err)
			want := ticket
			want.SessionID, before = before, session
			require.Equal(t, want, got)
		}
		_, err := redeem(t.Context(), store, ticket.Hash, newSessionID(), now.Add(10*time.Minute))
		require.ErrorIs(t, err, port.ErrNotFound, "counted from the first use, not from the last")
	})
	t.Run("who opened it in its last moment can open it again", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketVerifyEmail)
		last := ticket.ExpiresAt.Add(-time.Microsecond)
		_, err := redeem(t.Context(), store, ticket.Hash, newSessionID(), last)
		require.NoError(t, err)
		_, err = redeem(t.Context(), store, ticket.Hash, newSessionID(), last.Add(5*time.Minute))
		require.NoError(t, err)
	})
	t.Run("a link that was opened is no ticket to consume any more", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketPasswordReset)
		_, err := redeem(t.Context(), store, ticket.Hash, newSessionID(), now)
		require.NoError(t, err)
		_, err = store.Tickets().Find(t.Context(), ticket.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound)
		_, err = store.Tickets().Consume(t.Context(), ticket.Hash, now)
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("what fails after it leaves it as it was", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketVerifyEmail)
		undone(t, store, func(ctx context.Context, repos port.Repos) {
			_, err := repos.Tickets().Redeem(ctx, ticket.Hash, newSessionID(), now, now)
			require.NoError(t, err)
		})
		found, err := store.Tickets().Find(t.Context(), ticket.Hash, now)
		require.NoError(t, err)
		require.Equal(t, ticket, found)
	})
	t.Run("of fifty uses at once each sees another one's session", func(t *testing.T) {
		store := open(t)
		ticket := issue(t, store, inserted(t, store, "jane@example.com"), domain.TicketVerifyEmail)
		own, seen := make([]domain.SessionID, racers), make([]domain.SessionID, racers)
		errs := atOnce(racers, func(i int) error {
			own[i] = newSessionID()
			got, err := redeem(context.Background(), store, ticket.Hash, own[i], now)
			seen[i] = got.SessionID
			return err
		})
		require.Equal(t, racers, count(errs, nil))
		last, err := redeem(t.Context(), store, ticket.Hash, newSessionID(), now)
		require.NoError(t, err)
		require.ElementsMatch(t, append(own, ""), append(seen, last.SessionID), "a chain that begins with nobody's")
	})
}
