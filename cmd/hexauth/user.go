package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
)

// named is the argument of commands about one user.
type named struct {
	User string
}

// ref reads the argument.
func (n named) ref() (domain.UserRef, error) { return domain.ParseUserRef("USER", n.User) }

// shown is the flag of commands whose output a program may want.
type shown struct {
	JSON bool
}

// withUser runs do with the use cases and the user that the argument names.
func withUser(i *invocation, n named, do func(u rest.UseCases, ref domain.UserRef) error) error {
	ref, err := n.ref()
	if err != nil {
		return explained(err)
	}
	return withUseCases(i, func(u rest.UseCases) error { return do(u, ref) })
}

// withUseCases runs do with the use cases of administrators.
func withUseCases(i *invocation, do func(u rest.UseCases) error) error {
	return withStore(i, func(cfg config.Config, store *bunstore.Store, clock clock) error {
		useCases, err := forCommands(cfg, store, clock)
		if err != nil {
			return err
		}
		return explained(do(useCases))
	})
}

// explained says what a code means to somebody who typed a command.
func explained(err error) error {
	var field *domain.FieldError
	if errors.As(err, &field) {
		return fmt.Errorf("%s %s", field.Field, field.Reason)
	}
	for code, text := range map[domain.Code]string{
		domain.NotFound:                        "there is no such user or session",
		domain.EmailAlreadyInUse:               "the address belongs to another user",
		domain.PasswordTooShort:                "the password is too short (AUTH_PASSWORD_MIN_LENGTH)",
		domain.PasswordInHIBPDatabase:          "the password is among those that others have lost (AUTH_PASSWORD_HIBP_ENABLED)",
		domain.DefaultRoleMustBeInAllowedRoles: "the default role must be one of the roles",
	} {
		if errors.Is(err, code) {
			return errors.New(text)
		}
	}
	return err
}

// printJSON writes a value for people and programs to read.
func (i *invocation) printJSON(value any) error {
	encoder := json.NewEncoder(i.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// printAccount writes an account, a line for each of its fields.
func (i *invocation) printAccount(a domain.Account, asJSON bool) error {
	if asJSON {
		return i.printJSON(rest.AccountOf(a))
	}
	lastSeen := "never"
	if !a.LastSeenAt.IsZero() {
		lastSeen = a.LastSeenAt.Format(time.RFC3339)
	}
	table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", string(a.ID)}, {"state", state(a)}, {"email", string(a.Email)}, {"new email", string(a.NewEmail)}, {"phone number", a.PhoneNumber},
		{"name", a.DisplayName}, {"roles", roleList(a)}, {"locale", a.Locale}, {"password", yesNo(a.PasswordHash != "")},
		{"second factor", secondFactor(a)}, {"created", a.CreatedAt.Format(time.RFC3339)}, {"last seen", lastSeen}, {"metadata", string(a.Metadata)},
	} {
		if line[1] != "" {
			fmt.Fprintf(table, "%s:\t%s\n", line[0], visible(line[1]))
		}
	}
	return table.Flush()
}

// secondFactor names the factor and what is left of the codes for who has lost it.
func secondFactor(a domain.Account) string {
	if a.ActiveMFA == domain.NoMFA {
		return ""
	}
	return fmt.Sprintf("%s, %d recovery codes left", a.ActiveMFA, a.RecoveryCodesLeft)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// roleList has the default role first.
func roleList(a domain.Account) string {
	names := []string{string(a.DefaultRole)}
	for _, role := range a.Roles {
		if role != a.DefaultRole {
			names = append(names, string(role))
		}
	}
	return strings.Join(names, ",")
}

func state(a domain.Account) string {
	switch {
	case a.Disabled:
		return "disabled"
	case a.IsAnonymous:
		return "anonymous"
	case a.Email != "" && !a.EmailVerified:
		return "unverified"
	}
	return "active"
}

type userListCommand struct {
	shown
	Search string
	Limit  int
	Cursor string
}

// Run prints a page of users.
func (c userListCommand) Run(i *invocation) error {
	query, err := domain.NewUserQuery(c.Search, c.Cursor, c.Limit)
	if err != nil {
		return explained(err)
	}
	return withUseCases(i, func(u rest.UseCases) error {
		page, err := u.AdminListUsers.Do(i.ctx, query)
		if err != nil {
			return err
		}
		if c.JSON {
			return i.printJSON(rest.PageOf(page))
		}
		table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tSTATE\tEMAIL\tPHONE\tNAME\tROLES\tCREATED")
		for _, a := range page.Accounts {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, state(a), visible(string(a.Email)), visible(a.PhoneNumber),
				visible(a.DisplayName), visible(roleList(a)), a.CreatedAt.Format(time.RFC3339))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if cursor := page.Next.Cursor(); cursor != "" {
			fmt.Fprintln(i.stdout, "more: --cursor="+cursor)
		}
		return nil
	})
}

type userShowCommand struct {
	named
	shown
}

// Run prints an account.
func (c userShowCommand) Run(i *invocation) error {
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		account, err := u.AdminGetUser.Do(i.ctx, ref)
		if err != nil {
			return err
		}
		return i.printAccount(account, c.JSON)
	})
}

type userSessionsCommand struct {
	named
	shown
}

// Run prints the sessions of a user.
func (c userSessionsCommand) Run(i *invocation) error {
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		open, err := u.AdminListSessions.Do(i.ctx, ref)
		if err != nil {
			return err
		}
		if c.JSON {
			return i.printJSON(api.ListSessionsResponse{Sessions: rest.SessionsOf(open)})
		}
		table := tabwriter.NewWriter(i.stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tOPENED\tLAST USED\tEXPIRES\tADDRESS\tUSER AGENT")
		for _, s := range open {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.CreatedAt.Format(time.RFC3339), s.LastUsedAt.Format(time.RFC3339),
				s.ExpiresAt.Format(time.RFC3339), visible(s.Device.Address), visible(s.Device.UserAgent))
		}
		return table.Flush()
	})
}

type userExportCommand struct{ named }

// Run prints everything about a user.
func (c userExportCommand) Run(i *invocation) error {
	return withUser(i, c.named, func(u rest.UseCases, ref domain.UserRef) error {
		export, err := u.AdminExportUser.Do(i.ctx, ref)
		if err != nil {
			return err
		}
		return i.printJSON(rest.ExportOf(export))
	})
}
