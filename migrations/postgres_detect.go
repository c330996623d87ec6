package migrations

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// inspectPostgres reads the facts and judges them.
func inspectPostgres(ctx context.Context, b beginner, s steps) (Status, error) {
	want, err := loadExpectations(Postgres)
	if err != nil {
		return Status{}, err
	}
	f, err := readFacts(ctx, b)
	if err != nil {
		return Status{}, fmt.Errorf("migrations: reading the schema: %w", err)
	}
	return judge(f, want, s), nil
}

// judge says what was found, what is missing, and whether it may be added. It knows the facts only: the same facts give
// the same status.
func judge(f facts, want []expectation, s steps) Status {
	status := Status{Dialect: Postgres, Found: FoundUnrecognised, Applied: f.own}
	recorded := false
	if status.Refusal = refuseBooks(f, len(s.own)); status.Refusal == nil {
		status.Found, status.Version, recorded, status.Refusal = identify(f, len(s.peer))
	}
	if status.Refusal != nil {
		return status
	}
	if status.Refusal = refuseObjects(f, want, status, min(status.Version, len(s.peer)), recorded); status.Refusal != nil {
		return status
	}
	if !recorded && status.Version > 0 {
		status.Pending = append(status.Pending, adopt(status.Version))
	}
	status.Pending = append(status.Pending, s.after(status.Version, f.own)...)
	if status.Refusal = refusePermission(f, want, status); status.Refusal != nil {
		status.Pending = nil
	}
	return status
}

// refuseBooks refuses what the bookkeeping, or the mark of another product, rules out at once.
func refuseBooks(f facts, own int) *RefusedError {
	switch {
	case f.hasSchema && !f.mayUse:
		return refuseSchemaRights()
	case f.objects.has("table", "accounts", ""):
		return &RefusedError{BackendPlus, "table auth.accounts belongs to hasura-backend-plus",
			"Move its users to hasura-auth first, or give hexauth a database of its own"}
	case f.hasSchema && !f.typed:
		return &RefusedError{Foreign, "auth.schema_migrations has other columns than (version bigint, dirty boolean): the schema auth belongs to another product",
			"Give hexauth a database of its own"}
	case len(f.versions) > 1:
		return &RefusedError{Ambiguous, "auth.schema_migrations has more than one row",
			"Leave the one row that names the version whose objects are there, then start again"}
	case len(f.versions) == 1 && f.versions[0].dirty:
		return &RefusedError{Dirty, fmt.Sprintf("auth.schema_migrations says that migration %d failed half-way (dirty = true)", f.versions[0].number),
			"Find out which of its changes are there, complete or undo them, set the row to the version reached and dirty to false, then start again"}
	case len(f.versions) == 1 && f.versions[0].number < 1:
		return &RefusedError{Ambiguous, fmt.Sprintf("auth.schema_migrations says version %d, which does not exist", f.versions[0].number),
			"Set the row to the version whose objects are there, or delete it, then start again"}
	case len(f.own) > 0 && f.own[len(f.own)-1] > own:
		return refuseNewer(f.own[len(f.own)-1], own)
	}
	return nil
}

// refuseNewer is the refusal of a database that a newer program has changed.
func refuseNewer(found, known int) *RefusedError {
	return &RefusedError{Newer, fmt.Sprintf("auth.hexauth_migrations has step %d, this program knows %d", found, known),
		"Run the newer hexauth, or restore the backup taken before the upgrade"}
}

// identify tells whose database it is and at which version, and whether auth.schema_migrations says so itself.
func identify(f facts, newest int) (found Found, v int, recorded bool, refusal *RefusedError) {
	users := f.objects.has("table", "users", "")
	switch {
	case len(f.versions) == 1:
		v, recorded = int(f.versions[0].number), true
		switch {
		case v > newest:
			found = FoundNewerPeer
		case len(f.own) > 0:
			found = FoundHexauth
		default:
			found = FoundPeer
		}
	case f.maxTS > newest:
		return FoundUnrecognised, 0, false, &RefusedError{Foreign, fmt.Sprintf("auth.migrations counts to %d, further than hasura-auth ever did", f.maxTS),
			"Give hexauth a database of its own"}
	case f.maxTS > 0:
		found, v = FoundPeerTS, f.maxTS
	case users:
		found, v = FoundUnrecorded, f.probe()
	default:
		found = FoundEmpty
	}
	return found, v, recorded, nil
}

// refuseObjects compares the objects with those of version v.
func refuseObjects(f facts, want []expectation, status Status, v int, recorded bool) *RefusedError {
	if status.Found == FoundEmpty {
		if found := strangers(want, f.objects); len(found) > 0 {
			return &RefusedError{Foreign, "there is no table auth.users, but the schema auth is not empty: " + sentence(found),
				"Give hexauth a database of its own, or remove what is left there"}
		}
		return nil
	}
	wrong := mismatches(want, f.objects, v, f.own)
	switch {
	case len(wrong) == 0:
		return nil
	case status.Found == FoundUnrecorded:
		return &RefusedError{Foreign, "auth.users is there without bookkeeping, but the schema is not hasura-auth's: " + sentence(wrong),
			"Give hexauth a database of its own; if it is a restored hasura-auth database, restore it completely"}
	}
	books := "auth.migrations"
	if recorded {
		books = "auth.schema_migrations"
	}
	return &RefusedError{Incomplete, fmt.Sprintf("%s says version %d, but %s", books, status.Version, sentence(wrong)),
		"Restore what is missing, or correct the recorded version, then start again"}
}

// refusePermission refuses pending steps that are bound to fail for want of a privilege or of a usable extension.
func refusePermission(f facts, want []expectation, status Status) *RefusedError {
	if len(status.Pending) == 0 {
		return nil
	}
	ours := func(e expectation, table string) bool { return e.Kind == "table" && e.Table == table }
	locked := slices.DeleteFunc(slices.Clone(f.notOwned), func(table string) bool {
		return !slices.ContainsFunc(want, func(e expectation) bool { return ours(e, table) })
	})
	if len(locked) > 0 {
		return &RefusedError{Permission, "the database role does not own auth." + strings.Join(locked, ", auth."),
			"Migrate with the role that owns them, or with a member of it"}
	}
	if f.hasSchema && !f.mayCreate {
		return refuseSchemaRights()
	}
	if status.Version > 0 {
		return nil
	}
	if moved := misplaced(f); len(moved) > 0 {
		return &RefusedError{Extensions, "installed outside of the schema public: " + strings.Join(moved, ", "),
			"ALTER EXTENSION … SET SCHEMA public, or give hexauth a database of its own"}
	}
	if missing := f.missingPrerequisites(); len(missing) > 0 && !f.mayCreateInDB {
		return &RefusedError{Permission, "the database role may not create in this database, but missing are " + strings.Join(missing, ", "),
			"GRANT CREATE ON DATABASE to the role, or have an administrator CREATE SCHEMA auth AUTHORIZATION the role and " +
				"CREATE EXTENSION citext SCHEMA public and pgcrypto SCHEMA public"}
	}
	return nil
}

func refuseSchemaRights() *RefusedError {
	return &RefusedError{Permission, "the database role may not create and use tables in the schema auth",
		"GRANT CREATE, USAGE ON SCHEMA auth to the role, or migrate with another one"}
}

func misplaced(f facts) []string {
	var out []string
	for _, e := range []struct{ name, schema string }{{"citext", f.citext}, {"pgcrypto", f.pgcrypto}} {
		if !slices.Contains([]string{"", "public"}, e.schema) {
			out = append(out, fmt.Sprintf("extension %s (in %s)", e.name, e.schema))
		}
	}
	return out
}

func (f *facts) missingPrerequisites() []string {
	var out []string
	if !f.hasSchema {
		out = append(out, "schema auth")
	}
	if f.citext == "" {
		out = append(out, "extension citext")
	}
	if f.pgcrypto == "" {
		out = append(out, "extension pgcrypto")
	}
	return out
}
