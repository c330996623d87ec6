package usecase

import (
	"context"
	"errors"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// DeanonymizeUser makes an anonymous account a real one.
type DeanonymizeUser struct {
	Store        port.Store
	Passwords    port.Passwords
	Checks       PasswordChecks
	Tickets      Tickets
	SignUp       domain.SignUpPolicy
	Passwordless bool // AUTH_EMAIL_PASSWORDLESS_ENABLED
	Audit        Audit
}

// DeanonymizeUserInput is what the account shall become.
type DeanonymizeUserInput struct {
	Bearer        domain.Claims
	Passwordless  bool // a link is mailed; otherwise Password is set
	Email         domain.Email
	Password      string
	Options       domain.SignUpOptions
	CodeChallenge string
}

// Do changes the account, and mails what its owner needs to come in again. Its sessions end unless the password alone is enough.
// Errors: UserNotAnonymous, SignupDisabled, DisabledEndpoint, InvalidRequest (no password), PasswordTooShort,
// PasswordInHIBPDatabase, RedirectToNotAllowed, RoleNotAllowed, DefaultRoleMustBeInAllowedRoles, InvalidEmailPassword (the
// address is refused), EmailAlreadyInUse.
func (uc *DeanonymizeUser) Do(ctx context.Context, in DeanonymizeUserInput) error {
	profile, err := uc.check(ctx, in)
	if err != nil {
		return err
	}
	current, err := uc.current(ctx, in.Bearer.Subject)
	if err != nil {
		return err
	}
	hash := ""
	if !in.Passwordless {
		if hash, err = uc.Passwords.Hash(ctx, in.Password); err != nil {
			return err
		}
	}
	user := uc.SignUp.WithEmail(current.ID, in.Email, hash, profile)
	user.CreatedAt = uc.Tickets.Clock.Now()   // of the new roles
	ctx = domain.WithActing(ctx, user.ID, "") // all sessions may end, the one that asks too
	return uc.Audit.change(ctx, uc.Store, func(ctx context.Context, repos *change) error {
		repos.note(ctx, domain.Event{Kind: domain.UserDeanonymized, UserID: user.ID})
		return uc.change(ctx, repos, user, in, profile.RedirectTo)
	})
}

// check applies the rules in the order of the API.
func (uc *DeanonymizeUser) check(ctx context.Context, in DeanonymizeUserInput) (domain.Profile, error) {
	if !in.Bearer.IsAnonymous {
		return domain.Profile{}, domain.UserNotAnonymous
	}
	if err := uc.SignUp.MaySignUp(); err != nil {
		return domain.Profile{}, err
	}
	switch {
	case in.Passwordless && !uc.Passwordless:
		return domain.Profile{}, domain.DisabledEndpoint
	case !in.Passwordless && in.Password == "":
		return domain.Profile{}, &domain.FieldError{Code: domain.InvalidRequest, Field: "password", Reason: "is required for the sign-in method email-password"}
	case !in.Passwordless:
		if err := uc.Checks.check(ctx, "password", in.Password); err != nil {
			return domain.Profile{}, err
		}
	}
	if err := uc.SignUp.MayLink(in.Options.RedirectTo); (in.Passwordless || uc.SignUp.RequireVerified) && err != nil {
		return domain.Profile{}, err
	}
	profile, err := uc.SignUp.Resolve(in.Options, string(in.Email))
	if err != nil {
		return domain.Profile{}, err
	}
	return profile, uc.SignUp.MayUseEmail(in.Email)
}

// current loads the account: an access token goes on saying "anonymous" after the account no longer is.
func (uc *DeanonymizeUser) current(ctx context.Context, id domain.UserID) (domain.User, error) {
	user, err := uc.Store.Users().ByID(ctx, id)
	switch {
	case errors.Is(err, port.ErrNotFound):
		return domain.User{}, domain.InvalidEmailPassword
	case err != nil:
		return domain.User{}, err
	case user.Disabled:
		return domain.User{}, domain.DisabledUser
	case !user.IsAnonymous:
		return domain.User{}, domain.UserNotAnonymous
	}
	return user, nil
}

// change changes the account. Sessions go first: refreshes lock them before the user, too.
func (uc *DeanonymizeUser) change(ctx context.Context, repos port.Repos, user domain.User, in DeanonymizeUserInput, redirectTo string) error {
	mailed := in.Passwordless || uc.SignUp.RequireVerified
	if mailed {
		if err := repos.Sessions().EndAllBut(ctx, user.ID, ""); err != nil {
			return err
		}
	}
	switch err := repos.Users().Deanonymize(ctx, user); {
	case errors.Is(err, port.ErrTaken):
		return domain.EmailAlreadyInUse
	case errors.Is(err, port.ErrNotFound):
		return domain.UserNotAnonymous // another request was faster
	case err != nil || !mailed:
		return err
	}
	purpose := domain.TicketVerifyEmail
	if in.Passwordless {
		purpose = domain.TicketPasswordlessEmail
	}
	return uc.Tickets.mail(ctx, repos.Tickets(), forLink{purpose, user, in.Email, redirectTo, in.CodeChallenge})
}
