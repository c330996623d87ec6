package usecase

import (
	"context"
	"errors"
	"iter"
	"strconv"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ImportUsers takes users over from another system.
//
// The file is read twice: first every line is looked at, and nothing happens unless all are good or the bad ones may be left out;
// then the users are created, a batch a transaction. An imported user has an id that follows from the address, so the same file can be
// imported again and again: who is there already is passed over.
type ImportUsers struct {
	Store   port.Store
	Hashes  port.PasswordHashes
	Numbers port.PhoneNumbers
	Clock   port.Clock
	Random  port.Random
	Policy  domain.SignUpPolicy
	Key     domain.ImportKey
	Batch   int // users created in one transaction
	Audit   Audit
}

// ImportUsersInput says what to import and how.
type ImportUsersInput struct {
	Lines   iter.Seq[domain.ImportLine] // read twice
	DryRun  bool                        // find out what would happen, and undo it
	SkipBad bool                        // import the good lines even if others are bad

	Bad      func(line int, problem error) // told of every bad line; no value is repeated
	Progress func(done, total int)         // told after every batch
}

// ImportReport says what happened, in lines.
type ImportReport struct {
	Good    int // that can be imported
	Bad     int // that can't
	Created int
	Present int // whose user was imported before
}

// Do imports. It stops at the first error that is not about a line; what the report says by then is done and stays.
func (uc *ImportUsers) Do(ctx context.Context, in ImportUsersInput) (report ImportReport, err error) {
	bad := uc.survey(in, &report)
	if report.Bad > 0 && !in.SkipBad {
		return report, nil
	}
	good, total := 0, report.Good
	batch := make([]importing, 0, uc.Batch)
	flush := func() error {
		err := uc.create(ctx, batch, in, &report)
		good += len(batch)
		batch = batch[:0]
		in.Progress(good, total)
		return err
	}
	for line := range in.Lines {
		if bad[line.Number] {
			continue
		}
		user, problems := uc.user(line.Record)
		if len(problems) > 0 {
			return report, errors.New("the file changed while it was read")
		}
		if batch = append(batch, importing{line.Number, user}); len(batch) == uc.Batch {
			if err := flush(); err != nil {
				return report, err
			}
		}
	}
	if len(batch) > 0 {
		err = flush()
	}
	return report, err
}

// survey looks at every line and returns the numbers of the bad ones.
func (uc *ImportUsers) survey(in ImportUsersInput, report *ImportReport) map[int]bool {
	bad, seen := map[int]bool{}, map[string]bool{}
	for line := range in.Lines {
		var problems []error
		if line.Mistake != nil {
			problems = []error{line.Mistake}
		} else {
			var user domain.ImportedUser
			if user, problems = uc.user(line.Record); len(problems) == 0 {
				problems = repeated(seen, user)
			}
		}
		for _, problem := range problems {
			in.Bad(line.Number, problem)
		}
		if len(problems) == 0 {
			report.Good++
			continue
		}
		report.Bad++
		bad[line.Number] = true
	}
	return bad
}

// repeated tells what of a user an earlier line has, and remembers the rest.
func repeated(seen map[string]bool, user domain.ImportedUser) (problems []error) {
	names := map[string]string{"email\x00" + user.Email.Canonical(): "email", "phone\x00" + user.PhoneNumber: "phoneNumber"}
	if user.Email == "" {
		delete(names, "email\x00")
	}
	if user.PhoneNumber == "" {
		delete(names, "phone\x00")
	}
	for _, link := range user.Providers {
		names["provider\x00"+link.Identity.Provider+"\x00"+link.Identity.Account()] = "providers"
	}
	for name, field := range names {
		if seen[name] {
			problems = append(problems, mistake(field, "is that of an earlier line"))
		}
		seen[name] = true
	}
	return problems
}

func mistake(field, reason string) error {
	return &domain.FieldError{Code: domain.InvalidRequest, Field: field, Reason: reason}
}

// importing is a user with the line it stands on.
type importing struct {
	line int
	user domain.ImportedUser
}

// errUndo ends the transaction of a dry run.
var errUndo = errors.New("a dry run changes nothing")

// create creates a batch. When one of it meets somebody else's address, halves of it are tried, and halves of those.
func (uc *ImportUsers) create(ctx context.Context, batch []importing, in ImportUsersInput, report *ImportReport) error {
	created, err := uc.attempt(ctx, batch, in.DryRun)
	switch {
	case errors.Is(err, port.ErrTaken) && len(batch) == 1:
		report.Good, report.Bad = report.Good-1, report.Bad+1
		in.Bad(batch[0].line, uc.taken(ctx, batch[0].user))
		return nil
	case errors.Is(err, port.ErrTaken):
		half := len(batch) / 2
		if err := uc.create(ctx, batch[:half], in, report); err != nil {
			return err
		}
		return uc.create(ctx, batch[half:], in, report)
	case err != nil:
		return err
	}
	report.Created, report.Present = report.Created+created, report.Present+len(batch)-created
	return nil
}

func (uc *ImportUsers) attempt(ctx context.Context, batch []importing, dryRun bool) (created int, err error) {
	users, roles, providers := make([]domain.ImportedUser, len(batch)), []domain.Role(nil), []string(nil)
	for i, b := range batch {
		users[i] = b.user
		roles = append(roles, b.user.Roles...)
		for _, link := range b.user.Providers {
			providers = append(providers, link.Identity.Provider)
		}
	}
	err = uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		if err := repos.Roles().Ensure(ctx, unique(roles)); err != nil {
			return err
		}
		if len(providers) > 0 {
			if err := repos.ProviderLinks().Ensure(ctx, unique(providers)); err != nil {
				return err
			}
		}
		if created, err = repos.Administration().Import(ctx, users); err == nil && dryRun {
			err = errUndo
		}
		if created > 0 {
			repos.note(ctx, domain.Event{Kind: domain.UsersImported, Actor: domain.ActorAdministrator, Target: strconv.Itoa(created)})
		}
		return err
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return created, err
}

// taken says what of a user belongs to somebody else.
func (uc *ImportUsers) taken(ctx context.Context, user domain.ImportedUser) error {
	field := "phoneNumber or providers"
	if user.Email != "" {
		if _, err := uc.Store.Users().ByEmail(ctx, user.Email); err == nil {
			field = "email"
		}
	}
	return mistake(field, "belongs to another account already")
}

// unique drops repetitions.
func unique[T comparable](list []T) []T {
	seen, kept := map[T]bool{}, []T(nil)
	for _, value := range list {
		if !seen[value] {
			seen[value] = true
			kept = append(kept, value)
		}
	}
	return kept
}
