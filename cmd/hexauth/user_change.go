package main

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

type userCreateCommand struct {
	shown
	Email         string
	PasswordStdin bool
	AskPassword   bool
	Role          []string
	DefaultRole   string
	Verified      bool
	Disabled      bool
	Name          string
	Locale        string
}

// Run creates a user and prints the account.
func (c userCreateCommand) Run(i *invocation) error {
	in, err := c.input()
	if err != nil {
		return explained(err)
	}
	if c.PasswordStdin || c.AskPassword {
		if in.Password, err = i.password(c.PasswordStdin); err != nil {
			return err
		}
	}
	return withUseCases(i, func(u rest.UseCases) error {
		account, err := u.AdminCreateUser.Do(i.ctx, in)
		if err != nil {
			return err
		}
		return i.printAccount(account, c.JSON)
	})
}

func (c userCreateCommand) input() (in usecase.AdminCreateUserInput, err error) {
	in = usecase.AdminCreateUserInput{EmailVerified: c.Verified, Disabled: c.Disabled, DefaultRole: domain.Role(c.DefaultRole)}
	if in.Email, err = domain.ParseEmail("--email", c.Email); err != nil {
		return in, err
	}
	if in.Roles, err = domain.ParseRoles("--role", c.Role); err != nil {
		return in, err
	}
	if in.DisplayName, err = domain.ParseDisplayName("--name", c.Name); err != nil {
		return in, err
	}
	if c.Locale != "" {
		in.Locale, err = domain.ParseLocale("--locale", c.Locale)
	}
	return in, err
}

type userDisableCommand struct{ named }

// Run disables a user.
func (c userDisableCommand) Run(i *invocation) error { return setDisabled(i, c.named, true) }

type userEnableCommand struct{ named }

// Run enables a user.
func (c userEnableCommand) Run(i *invocation) error { return setDisabled(i, c.named, false) }

func setDisabled(i *invocation, n named, disabled bool) error {
	return withUser(i, n, func(u rest.UseCases, ref domain.UserRef) error {
		account, err := u.AdminUpdateUser.Do(i.ctx, ref, domain.UserChange{Disabled: &disabled})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(i.stdout, "user %s is %s\n", account.ID, map[bool]string{true: "disabled, all sessions are over", false: "enabled"}[disabled])
		return err
	})
}

type userDeleteCommand struct {
	named
	Yes bool
}

// Run deletes a user.
func (c userDeleteCommand) Run(i *invocation) error {
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		account, err := u.AdminGetUser.Do(i.ctx, ref)
		if err != nil {
			return err
		}
		if err := i.confirm(c.Yes, fmt.Sprintf("Delete user %s (%s) and everything about the user", account.ID, visible(string(account.Email)))); err != nil {
			return err
		}
		if err := u.AdminDeleteUser.Do(i.ctx, domain.UserRef{ID: account.ID}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(i.stdout, "user %s is deleted\n", account.ID)
		return err
	})
}

type userSetPasswordCommand struct {
	named
	PasswordStdin bool
}

// Run sets a password.
func (c userSetPasswordCommand) Run(i *invocation) error {
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		password, err := i.password(c.PasswordStdin)
		if err != nil {
			return err
		}
		if err := u.AdminSetPassword.Do(i.ctx, ref, password); err != nil {
			return err
		}
		_, err = fmt.Fprintln(i.stdout, "the password is set, all sessions are over")
		return err
	})
}

type userSetRolesCommand struct {
	named
	Roles       []string
	DefaultRole string
	shown
}

// Run replaces the roles of a user.
func (c userSetRolesCommand) Run(i *invocation) error {
	roles, err := domain.ParseRoles("ROLE", c.Roles)
	if err != nil {
		return explained(err)
	}
	change := domain.UserChange{Roles: roles}
	if role := domain.Role(c.DefaultRole); role != "" {
		change.DefaultRole = &role
	}
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		account, err := u.AdminUpdateUser.Do(i.ctx, ref, change)
		if err != nil {
			return err
		}
		return i.printAccount(account, c.JSON)
	})
}

type userRevokeCommand struct {
	named
	Session string
	Tokens  bool
	Yes     bool
}

// Run ends sessions.
func (c userRevokeCommand) Run(i *invocation) error {
	if _, err := uuid.Parse(c.Session); c.Session != "" && (err != nil || c.Tokens) {
		return errors.New("--session takes the id of a session, and goes without --tokens")
	}
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		if c.Tokens {
			if err := i.confirm(c.Yes, "Revoke all sessions and personal access tokens of "+visible(c.User)); err != nil {
				return err
			}
		}
		err := u.AdminEndSessions.Do(i.ctx, usecase.AdminEndSessionsInput{User: ref, Session: domain.SessionID(c.Session), Tokens: c.Tokens})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(i.stdout, map[bool]string{true: "the session is over", false: "all sessions are over"}[c.Session != ""])
		return err
	})
}
