package main

import "github.com/spf13/cobra"

// user returns the commands about users. USER is an id or an e-mail address.
func (i *invocation) user() *cobra.Command {
	var (
		disable userDisableCommand
		enable  userEnableCommand
		export  userExportCommand
	)
	return group("user", "Create, list, change and delete users.", i.userCreate(), i.userList(), i.userShow(),
		about(&disable.named, i.command("disable USER", "Keep a user from signing in, and end all sessions at once.", &disable)),
		about(&enable.named, i.command("enable USER", "Let a disabled user sign in again.", &enable)),
		i.userDelete(), i.userSetPassword(), i.userSetRoles(), i.userSessions(), i.userRevoke(),
		about(&export.named, i.command("export USER", "Print everything that is kept about a user as JSON, without secrets such as hashes.", &export)),
	)
}

// about makes c a command about one user.
func about(n *named, c *cobra.Command) *cobra.Command {
	c.Long = c.Short + "\n\nUSER is the id or the e-mail address of the user."
	c.Args = one(&n.User)
	return c
}

// flag adds the flag of commands whose output a program may want.
func (s *shown) flag(c *cobra.Command) {
	c.Flags().BoolVar(&s.JSON, "json", false, "print JSON as the API answers it")
}

const defaultRoleHelp = "the `ROLE` among them that is used unless a request names another"

func (i *invocation) userCreate() *cobra.Command {
	var c userCreateCommand
	create := i.command("create --email ADDRESS [flags]", "Create a user.", &c)
	flags := create.Flags()
	flags.StringVar(&c.Email, "email", "", "e-mail `ADDRESS`")
	flags.BoolVar(&c.PasswordStdin, "password-stdin", false, "read the password from standard input")
	flags.BoolVar(&c.AskPassword, "ask-password", false, "ask for the password at the terminal. Without a password the user signs in by other ways, or resets it")
	flags.StringArrayVar(&c.Role, "role", nil, "a `ROLE` of the user; repeat it for more. Without any the configured roles for new users")
	flags.StringVar(&c.DefaultRole, "default-role", "", defaultRoleHelp)
	flags.BoolVar(&c.Verified, "verified", false, "the address is known to be its owner's")
	flags.BoolVar(&c.Disabled, "disabled", false, "keep the user from signing in")
	flags.StringVar(&c.Name, "name", "", "display `NAME`; the address if missing")
	flags.StringVar(&c.Locale, "locale", "", "`LOCALE` of mails, such as en")
	c.flag(create)
	_ = create.MarkFlagRequired("email") // it exists
	create.MarkFlagsMutuallyExclusive("password-stdin", "ask-password")
	return create
}

func (i *invocation) userList() *cobra.Command {
	var c userListCommand
	list := i.command("list [flags]", "List users, the newest first, or search them by address, name, phone number or id.", &c)
	list.Flags().StringVar(&c.Search, "search", "", "`TEXT` that an address, a name or a phone number begins with, or an id")
	list.Flags().IntVar(&c.Limit, "limit", 50, "show `N`, 1 to 200")
	list.Flags().StringVar(&c.Cursor, "cursor", "", "where to go on: the `CURSOR` that the list before ended with")
	c.flag(list)
	return list
}

func (i *invocation) userShow() *cobra.Command {
	var c userShowCommand
	show := about(&c.named, i.command("show USER [--json]", "Show a user.", &c))
	c.flag(show)
	return show
}

func (i *invocation) userDelete() *cobra.Command {
	var c userDeleteCommand
	remove := about(&c.named, i.command("delete USER [--yes]", "Delete a user and everything that is kept about the user, for good.", &c))
	remove.Flags().BoolVar(&c.Yes, "yes", false, "do not ask")
	return remove
}

func (i *invocation) userSetPassword() *cobra.Command {
	var c userSetPasswordCommand
	set := about(&c.named, i.command("set-password USER [--password-stdin]", "Give a user another password, and end all sessions.", &c))
	set.Flags().BoolVar(&c.PasswordStdin, "password-stdin", false, "read the password from standard input instead of asking at the terminal")
	return set
}

func (i *invocation) userSetRoles() *cobra.Command {
	var c userSetRolesCommand
	set := about(&c.named, i.command("set-roles USER ROLE... [flags]",
		"Give a user exactly these roles. Open sessions have them from the next refresh on.", &c))
	set.Args = func(set *cobra.Command, args []string) error {
		if err := cobra.MinimumNArgs(2)(set, args); err != nil {
			return err
		}
		c.User, c.Roles = args[0], args[1:]
		return nil
	}
	set.Flags().StringVar(&c.DefaultRole, "default-role", "", defaultRoleHelp)
	c.flag(set)
	return set
}

func (i *invocation) userSessions() *cobra.Command {
	var c userSessionsCommand
	sessions := about(&c.named, i.command("sessions USER [--json]", "List the sessions of a user.", &c))
	c.flag(sessions)
	return sessions
}

func (i *invocation) userRevoke() *cobra.Command {
	var c userRevokeCommand
	revoke := about(&c.named, i.command("revoke USER [flags]", "End the sessions of a user.", &c))
	revoke.Flags().StringVar(&c.Session, "session", "", "end only the session with that `ID`")
	revoke.Flags().BoolVar(&c.Tokens, "tokens", false, "revoke the personal access tokens, too")
	revoke.Flags().BoolVar(&c.Yes, "yes", false, "do not ask before tokens are revoked")
	return revoke
}
