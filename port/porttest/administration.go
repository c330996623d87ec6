package porttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// named creates an account with what it can be searched by.
func named(t *testing.T, store port.Repos, email domain.Email, name, phone string, created time.Time) domain.UserID {
	t.Helper()
	user := newUser(email)
	user.DisplayName, user.PhoneNumber, user.CreatedAt = name, phone, created
	require.NoError(t, store.Users().Insert(t.Context(), port.NewUser{User: user}))
	return user.ID
}

// pages walks through a list, and between two pages calls meanwhile.
func pages(t *testing.T, store port.Repos, search string, limit int, meanwhile func()) (found []domain.UserID) {
	t.Helper()
	q := domain.UserQuery{Search: search, Limit: limit}
	for range 100 {
		page, err := store.Administration().List(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Accounts), limit)
		for _, account := range page.Accounts {
			found = append(found, account.ID)
		}
		if page.Next == (domain.UserPosition{}) {
			return found
		}
		q, err = domain.NewUserQuery(search, page.Next.Cursor(), limit)
		require.NoError(t, err)
		if meanwhile != nil {
			meanwhile()
		}
	}
	require.Fail(t, "the list has no end")
	return nil
}

func userListSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("an empty list has one empty page", func(t *testing.T) {
		store := open(t)
		require.Empty(t, pages(t, store, "", 2, nil))
		require.Empty(t, pages(t, store, "jane", 2, nil))
		require.Empty(t, pages(t, store, uuid.NewString(), 2, nil))
	})
	t.Run("all users come once, the newest first, whatever the length of pages", func(t *testing.T) {
		store := open(t)
		var want []domain.UserID
		for i := range 7 {
			id := named(t, store, domain.Email(fmt.Sprintf("user%d@example.com", i)), "", "", now.Add(time.Duration(i)*time.Microsecond))
			want = append([]domain.UserID{id}, want...)
		}
		for _, limit := range []int{1, 2, 3, 7, 200} {
			require.Equal(t, want, pages(t, store, "", limit, nil), limit)
		}
	})
	t.Run("users of one moment come once, too", func(t *testing.T) {
		store := open(t)
		want := map[domain.UserID]int{}
		for i := range 9 {
			want[named(t, store, domain.Email(fmt.Sprintf("user%d@example.com", i)), "", "", now)] = 1
		}
		got := map[domain.UserID]int{}
		for _, id := range pages(t, store, "", 2, nil) {
			got[id]++
		}
		require.Equal(t, want, got)
	})
	t.Run("who comes or goes meanwhile moves nobody", func(t *testing.T) {
		store := open(t)
		var want []domain.UserID
		for i := range 6 {
			want = append([]domain.UserID{named(t, store, domain.Email(fmt.Sprintf("user%d@example.com", i)), "", "", now.Add(time.Duration(i)*time.Second))}, want...)
		}
		n := 0
		got := pages(t, store, "", 2, func() {
			n++
			if n == 1 { // the one where the next page begins, and two newer ones
				require.NoError(t, store.Administration().Delete(t.Context(), want[1]))
				named(t, store, "new@example.com", "", "", now.Add(time.Hour))
			}
		})
		require.Equal(t, want, got)
	})
	t.Run("what begins with the text is found, in any case, and in its order", func(t *testing.T) {
		store := open(t)
		byEmail := named(t, store, "Jane@example.com", "Somebody", "", now)
		byName := named(t, store, "somebody@example.com", "JANE Doe", "", now)
		byPhone := named(t, store, "else@example.com", "", "+4917612345", now)
		named(t, store, "mary-jane@example.com", "Mary Jane", "+3917612345", now)
		require.Equal(t, []domain.UserID{byName, byEmail}, pages(t, store, "jAne", 10, nil))
		require.Equal(t, []domain.UserID{byEmail}, pages(t, store, "jane@EXAMPLE.com", 10, nil))
		require.Equal(t, []domain.UserID{byPhone}, pages(t, store, "+49176", 10, nil))
		require.Equal(t, []domain.UserID{byPhone}, pages(t, store, string(byPhone), 10, nil))
		require.Empty(t, pages(t, store, "doe", 10, nil))
	})
	t.Run("the signs of patterns stand for themselves", func(t *testing.T) {
		store := open(t)
		percent := named(t, store, "a%b@example.com", "100% _cotton'; --", "", now)
		named(t, store, "ab@example.com", "100 cotton", "", now)
		for _, search := range []string{"a%", "100%", "100% _"} {
			require.Equal(t, []domain.UserID{percent}, pages(t, store, search, 10, nil), search)
		}
		require.Empty(t, pages(t, store, "a_", 10, nil))
		require.Empty(t, pages(t, store, "%", 10, nil))
	})
	t.Run("who is found by several things comes once, however pages fall", func(t *testing.T) {
		store := open(t)
		want := map[domain.UserID]int{}
		for i := range 12 {
			email := domain.Email(fmt.Sprintf("jane%d@example.com", i))
			name := []string{string(email), "Jane Doe", fmt.Sprintf("jane %d", i), "Other"}[i%4]
			want[named(t, store, email, name, "", now)] = 1
		}
		for _, limit := range []int{1, 2, 3, 5, 50} {
			got := map[domain.UserID]int{}
			for _, id := range pages(t, store, "jane", limit, nil) {
				got[id]++
			}
			require.Equal(t, want, got, limit)
		}
	})
}

func administrationSuite(t *testing.T, open func(t *testing.T) port.Store) {
	t.Run("an account tells when it was seen and which address it waits for", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		require.NoError(t, store.Users().AnnounceEmail(t.Context(), user.ID, "doe@example.com"))
		got, err := store.Administration().Account(t.Context(), user.ID)
		require.NoError(t, err)
		require.Equal(t, user, sameMetadata(user, got.User))
		require.Equal(t, now, got.LastSeenAt)
		require.Equal(t, domain.Email("doe@example.com"), got.NewEmail)
		require.False(t, got.UpdatedAt.IsZero())
		_, err = store.Administration().Account(t.Context(), domain.UserID(uuid.NewString()))
		require.ErrorIs(t, err, port.ErrNotFound)
	})
	t.Run("what is stated changes and nothing else", func(t *testing.T) {
		store, user, other := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		insert(t, store, user)
		insert(t, store, other)
		require.NoError(t, store.Administration().Change(t.Context(), user.ID, domain.UserChange{}))
		require.Equal(t, user, sameMetadata(user, account(t, store, user.ID)))
		yes, no, name, locale, email, role := true, false, "", "fr", domain.Email("doe@example.com"), domain.Role("me")
		nothing := domain.Metadata("")
		require.NoError(t, store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			return repos.Administration().Change(ctx, user.ID, domain.UserChange{
				Disabled: &yes, Email: &email, EmailVerified: &no, DisplayName: &name, Locale: &locale, Metadata: &nothing,
				Roles: []domain.Role{"me"}, DefaultRole: &role,
			})
		}))
		user.Disabled, user.Email, user.EmailVerified, user.DisplayName, user.Locale, user.Metadata = true, email, false, "", "fr", ""
		user.Roles, user.DefaultRole = []domain.Role{"me"}, "me"
		require.Equal(t, user, account(t, store, user.ID))
		require.Equal(t, other, sameMetadata(other, account(t, store, other.ID)))
	})
	t.Run("nobody, no such role and an address of somebody else are refused", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		insert(t, store, newUser("joe@example.com"))
		yes, email := true, domain.Email("JOE@example.com")
		require.ErrorIs(t, store.Administration().Change(t.Context(), domain.UserID(uuid.NewString()), domain.UserChange{Disabled: &yes}), port.ErrNotFound)
		require.ErrorIs(t, store.Administration().Change(t.Context(), user.ID, domain.UserChange{Email: &email}), port.ErrTaken)
		err := store.Atomic(t.Context(), func(ctx context.Context, repos port.Repos) error {
			return repos.Administration().Change(ctx, user.ID, domain.UserChange{Roles: []domain.Role{"unheard-of"}})
		})
		require.ErrorIs(t, err, port.ErrNotFound)
		require.Equal(t, user, sameMetadata(user, account(t, store, user.ID)))
	})
	t.Run("of ten who set other roles one wins, and none fails", func(t *testing.T) {
		store, user := open(t), newUser("jane@example.com")
		insert(t, store, user)
		errs := atOnce(10, func(i int) error {
			return store.Atomic(context.Background(), func(ctx context.Context, repos port.Repos) error {
				return repos.Administration().Change(ctx, user.ID, domain.UserChange{Roles: [][]domain.Role{{"me", "user"}, {"user"}}[i%2]})
			})
		})
		require.Equal(t, 10, count(errs, nil), errs)
	})
	t.Run("tickets and messages are listed without their secrets", func(t *testing.T) {
		store := open(t)
		user := unverified(t, store, "Jane@example.com")
		ticket, message := domain.TicketRecord{
			Hash: "hash", Purpose: domain.TicketVerifyEmail, UserID: user.ID, Email: user.Email, CodeChallenge: "challenge", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}, domain.Message{ID: uuid.NewString(), Template: domain.TemplateEmailVerify, Locale: "en", To: "jane@example.com", Ticket: "secret"}
		require.NoError(t, store.Tickets().Issue(t.Context(), ticket, message))
		ticket.Hash, ticket.CodeChallenge, message.Ticket = "", "", ""
		tickets, err := store.Administration().Tickets(t.Context(), user.ID, now)
		require.NoError(t, err)
		require.Equal(t, []domain.TicketRecord{ticket}, tickets)
		tickets, err = store.Administration().Tickets(t.Context(), user.ID, now.Add(time.Hour))
		require.NoError(t, err)
		require.Empty(t, tickets)
		messages, err := store.Administration().Messages(t.Context(), user.ID)
		require.NoError(t, err)
		require.Len(t, messages, 1)
		require.Equal(t, message, messages[0].Message)
		grants, err := store.Administration().Grants(t.Context(), user.ID)
		require.NoError(t, err)
		require.Empty(t, grants)
	})
	t.Run("of a hundred who delete a user one does", func(t *testing.T) {
		store, user, other := open(t), newUser("jane@example.com"), newUser("joe@example.com")
		insert(t, store, user)
		insert(t, store, other)
		errs := atOnce(100, func(int) error { return store.Administration().Delete(context.Background(), user.ID) })
		require.Equal(t, 1, count(errs, nil))
		require.Equal(t, 99, count(errs, port.ErrNotFound))
		require.Equal(t, other, sameMetadata(other, account(t, store, other.ID)))
	})
}
