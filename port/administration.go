package port

import (
	"context"
	"time"

	"github.com/hexauth/hexauth/domain"
)

// Administration looks at accounts, and changes them, for whoever runs the server.
type Administration interface {
	// List returns a page of accounts. The order is the same for every page, and accounts that come or go between two pages make no
	// other account appear twice or not at all. The cost of a page depends on its length alone.
	List(ctx context.Context, q domain.UserQuery) (domain.UserPage, error)

	// Account returns one. ErrNotFound.
	Account(ctx context.Context, id domain.UserID) (domain.Account, error)

	// Change changes what is not nil. ErrNotFound: there is no such user, or no such role. ErrTaken: the address belongs to somebody
	// else. The caller runs it inside of Store.Atomic when roles change.
	Change(ctx context.Context, id domain.UserID, change domain.UserChange) error

	// Delete removes the user and everything that is kept about the user, messages that wait to be sent included. ErrNotFound.
	Delete(ctx context.Context, id domain.UserID) error

	// Import creates those of the accounts whose ids are not there yet, with their roles, second factors and links to providers, and
	// says how many. ErrTaken: an address, a phone number or an identity of one of them belongs to somebody else, and none is
	// created. The caller runs it inside of Store.Atomic.
	Import(ctx context.Context, users []domain.ImportedUser) (created int, err error)

	// Grants returns what a user allowed applications, oldest first.
	Grants(ctx context.Context, id domain.UserID) ([]domain.OAuth2Grant, error)

	// Tickets returns the tickets of a user that are good at now, oldest first, without what could be used.
	Tickets(ctx context.Context, id domain.UserID, now time.Time) ([]domain.TicketRecord, error)

	// Messages returns what waits to be sent to a user, oldest first, without its secrets.
	Messages(ctx context.Context, id domain.UserID) ([]domain.QueuedMessage, error)
}
