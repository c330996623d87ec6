package usecase

import (
	"context"

	"github.com/hexauth/hexauth/domain"
)

// AdminExportUser returns what is kept about a user, for whoever has the right to know.
type AdminExportUser struct{ Administration }

// exportedEvents is how many events of a user are exported at most: far more than anybody has who is not attacked.
const exportedEvents = 10_000

// Do returns everything, as it was at one moment. What of it is a secret must not be shown. NotFound.
func (uc *AdminExportUser) Do(ctx context.Context, ref domain.UserRef) (export domain.AccountExport, err error) {
	now := uc.Clock.Now()
	err = uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if export.Account, err = uc.account(ctx, repos, ref); err != nil {
			return err
		}
		id := export.ID
		repos.note(ctx, byAdministrator(domain.UserExported, id))
		for _, part := range []func() error{
			func() error { export.Sessions, err = repos.Sessions().List(ctx, id, now); return err },
			func() error { export.Tokens, err = repos.PersonalAccessTokens().List(ctx, id); return err },
			func() error { export.SecurityKeys, err = repos.SecurityKeys().List(ctx, id); return err },
			func() error { export.Providers, err = repos.ProviderLinks().List(ctx, id); return err },
			func() error { export.Grants, err = repos.Administration().Grants(ctx, id); return err },
			func() error { export.Tickets, err = repos.Administration().Tickets(ctx, id, now); return err },
			func() error {
				export.Events, err = repos.Events().List(ctx, domain.EventQuery{User: id, Limit: exportedEvents})
				return err
			},
			func() error { export.Messages, err = repos.Administration().Messages(ctx, id); return err },
		} {
			if err := part(); err != nil {
				return err
			}
		}
		return nil
	})
	return export, err
}
