package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminListUsers lists and searches users.
type AdminListUsers struct{ Administration }

// maxRounds bounds how often a page is filled up: in a search one user can take the place of several, by address, name and number.
const maxRounds = 10

// Do returns a page. It may be shorter than asked for, and is the last one only if it has no Next.
func (uc *AdminListUsers) Do(ctx context.Context, q domain.UserQuery) (domain.UserPage, error) {
	var page domain.UserPage
	for range maxRounds {
		more, err := uc.Store.Administration().List(ctx, q)
		if err != nil {
			return domain.UserPage{}, err
		}
		page.Accounts, page.Next = append(page.Accounts, more.Accounts...), more.Next
		q.Limit, q.After = q.Limit-len(more.Accounts), more.Next
		if q.Limit == 0 || page.Next == (domain.UserPosition{}) {
			break
		}
	}
	return page, nil
}
