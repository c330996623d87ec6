package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// commands returns the command line. All settings come from the environment, see docs/configuration.md.
func (i *invocation) commands() *cobra.Command {
	all := group("hexauth", "The authentication server you host yourself.",
		i.serve(), i.migrate(), i.user(), i.importUsers(), i.audit(), i.doctor(), i.checkRedirect(), i.keys(), i.outbox(), i.mail(),
		i.command("config", "Show the configuration in force, secrets hidden, and where each value comes from.", configCommand{}),
		i.health(),
		i.command("version", "Show the version.", versionCommand{}),
	)
	all.Long = all.Short + " It is configured by environment variables: hexauth config shows them, docs/configuration.md explains them."
	all.SilenceErrors, all.SilenceUsage = true, true // main tells
	all.CompletionOptions.HiddenDefaultCmd = true
	return all
}

// group is a command that only has others below it.
func group(name, short string, below ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true, RunE: func(g *cobra.Command, args []string) error {
		switch {
		case len(args) > 0:
			return fmt.Errorf("%s has no command %q", g.CommandPath(), args[0])
		case g.HasParent():
			return errors.New(g.CommandPath() + " wants one of its commands")
		}
		return g.Help()
	}}
	g.AddCommand(below...)
	return g
}

// runner is a command with its arguments read.
type runner interface {
	Run(i *invocation) error
}

// command is a command without arguments of its own; those that have some add them.
func (i *invocation) command(use, short string, r runner) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, DisableFlagsInUseLine: true, RunE: func(*cobra.Command, []string) error {
		i.began = true
		return r.Run(i)
	}}
}

// one reads the only argument.
func one(target *string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(1)(c, args); err != nil {
			return err
		}
		*target = args[0]
		return nil
	}
}

// atMostOne reads the only argument if it is there.
func atMostOne(target *string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := cobra.MaximumNArgs(1)(c, args); err != nil || len(args) == 0 {
			return err
		}
		*target = args[0]
		return nil
	}
}

func (i *invocation) serve() *cobra.Command {
	serve := i.command("serve", "Start the server. Without any configuration it runs in development mode on 127.0.0.1:4000 and keeps its data in ./data.", serveCommand{})
	serve.Long = "Starts the server. With neither a database URL nor a JWT secret configured it runs in development mode: on 127.0.0.1, " +
		"with an SQLite file and generated keys below ./data (AUTH_DATA_DIR). With AUTH_DATABASE_URL=postgres://… it runs in " +
		"production mode and refuses unsafe settings. It migrates the database by itself unless AUTH_MIGRATE=false. " +
		"SIGTERM and SIGINT stop it gracefully: requests under way have 30 seconds."
	return serve
}

func (i *invocation) health() *cobra.Command {
	var c healthCommand
	health := i.command("health [--ready]", "Ask whether the server on this machine is alive or ready; for health checks.", &c)
	health.Long = "Asks the server that runs on this machine with the same configuration, and fails when it does not answer. It is made for the " +
		"health checks of container images that have neither a shell nor curl."
	health.Flags().BoolVar(&c.Ready, "ready", false, "ask whether the server is ready, its database included, instead of whether it is alive")
	return health
}

func (i *invocation) migrate() *cobra.Command {
	var c migrateUpCommand
	up := i.command("up [--dry-run]", "Bring the database up to date: create it when it is empty, take over one of hasura-auth.", &c)
	up.Flags().BoolVar(&c.DryRun, "dry-run", false, "only print the statements that would run")
	status := i.command("status", "Show what the database is and what is missing. Changes nothing.", migrateStatusCommand{})
	return group("migrate", "Show or change the version of the database.", up, status)
}

func (i *invocation) importUsers() *cobra.Command {
	var c importCommand
	users := i.command("import FILE [flags]", "Import users from another system, with the hashes of their passwords.", &c)
	users.Long = "Takes users over from another system, with the hashes of their passwords: bcrypt, argon2, scrypt, PBKDF2 and Firebase's. Nobody has to " +
		"choose a new password; hashes become today's at the first sign-in. The same file can be imported again, after a crash for instance: who " +
		"is there already is passed over." +
		"\n\nFILE has one JSON object a line, see docs/import.md."
	users.Args = one(&c.File)
	users.Flags().BoolVar(&c.DryRun, "dry-run", false, "only say what would happen: every bad line by its number and field, and how many users would be created")
	users.Flags().BoolVar(&c.SkipBad, "skip-bad", false, "import the good lines even if others are bad. Otherwise one bad line keeps the whole file out")
	return users
}

func (i *invocation) doctor() *cobra.Command {
	doctor := i.command("doctor", "Look for what is wrong around the server, and say what to do.", doctorCommand{})
	doctor.Long = "Looks at the configuration, the database (reachable, up to date, rights of the role, clock), the keys, the mail server, the redirect " +
		"rules and the proxies that are trusted. It changes nothing, sends no mail, and says of everything that is wrong what to do. Exits with an " +
		"error when something is wrong; warnings are none."
	return doctor
}

func (i *invocation) checkRedirect() *cobra.Command {
	var c checkRedirectCommand
	check := i.command("check-redirect URL", "Tell whether a redirect target is allowed, and by which rule or why not.", &c)
	check.Long = "Compares the URL with AUTH_CLIENT_URL and each entry of AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS, exactly as the server does, and says " +
		"of each which part (scheme, host, port, path) did not fit. Exits with an error when the URL is refused."
	check.Args = one(&c.URL)
	return check
}

func (i *invocation) keys() *cobra.Command {
	list := i.command("list", "List the signing keys and the state each is in.", keysListCommand{})
	var c keysRotateCommand
	rotate := i.command("rotate [--after TIME]",
		"Add a key that takes over. Nobody is logged out: the old one verifies until its last token has expired.", &c)
	rotate.Flags().DurationVar(&c.After, "after", 2*time.Minute, "when the new key begins to sign, as a `TIME` from now. Until then it is only published, "+
		"so that servers which cache the JWKS know it in time. 0 for at once, when the old key is compromised")
	return group("keys", "List or rotate the keys that sign access tokens.", list, rotate)
}

func (i *invocation) outbox() *cobra.Command {
	var l outboxListCommand
	list := i.command("list [--limit N]", "List mails, SMS and events for webhooks that wait, and those that were given up after a day.", &l)
	list.Flags().IntVar(&l.Limit, "limit", 100, "show the newest `N`")
	var r outboxRetryCommand
	retry := i.command("retry [ID]", "Try again what was given up: the one with that ID, or everything when it is missing.", &r)
	retry.Args = atMostOne(&r.ID)
	return group("outbox", "Look after mails, SMS and events for webhooks that could not be sent.", list, retry)
}

func (i *invocation) mail() *cobra.Command {
	c := mailPreviewCommand{Dir: "mail-preview"}
	preview := i.command("preview [DIR]", "Write every mail in every language as HTML and text, to look at in a browser, into the folder DIR (mail-preview).", &c)
	preview.Args = atMostOne(&c.Dir)
	return group("mail", "Preview the mails.", preview)
}
