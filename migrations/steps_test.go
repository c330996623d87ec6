package migrations

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSteps_AnUnknownDialectIsAnError(t *testing.T) {
	_, err := Up(t.Context(), nil, "oracle", nil)
	require.EqualError(t, err, `migrations: unknown dialect "oracle"`)
	_, err = Inspect(t.Context(), nil, "oracle")
	require.Error(t, err)
	_, err = Current(t.Context(), nil, "oracle")
	require.Error(t, err)
}

func TestSteps_BothDialectsCountOurStepsAlike(t *testing.T) {
	pg, err := loadSteps(Postgres)
	require.NoError(t, err)
	lite, err := loadSteps(SQLite)
	require.NoError(t, err)
	require.Len(t, pg.peer, 22)
	require.Equal(t, names(pg.own), names(lite.own))
	require.Empty(t, lite.peer)
}

// What a step may do, so that the release before it, and a hasura-auth server, go on working on the database while instances are
// replaced: add tables of our own, indexes, and columns that whoever does not know them need not fill. What is no longer used is
// left alone until no release uses it.
var (
	ownTable  = regexp.MustCompile(`^CREATE TABLE (?:IF NOT EXISTS )?auth\.hexauth_\w+ \(`)
	anIndex   = regexp.MustCompile(`^CREATE INDEX (?:IF NOT EXISTS )?[\w.]+\s+ON \S+\s+\(`)
	newColumn = regexp.MustCompile(`^ALTER TABLE (auth\.\w+)\s+ADD COLUMN `)
	aColumn   = regexp.MustCompile(`ADD COLUMN (?:IF NOT EXISTS )?(\w+) (\w+)(.*)$`)
)

// contracts says why a statement of a step is not additive, "" for one that is.
func contracts(statement string) string {
	switch altered := newColumn.FindStringSubmatch(statement); {
	case ownTable.MatchString(statement), anIndex.MatchString(statement):
		return ""
	case altered == nil:
		return "it is neither a table of our own, nor an index that is not unique, nor a column"
	default:
		ours := strings.HasPrefix(altered[1], "auth.hexauth_")
		for _, part := range strings.Split(strings.TrimPrefix(statement, "ALTER TABLE "+altered[1]), ",") {
			column := aColumn.FindStringSubmatch(strings.TrimSpace(part))
			switch {
			case column == nil:
				return "it does more than adding columns"
			case !ours && (!strings.HasPrefix(column[1], "hx_") || column[3] != ""):
				return "a column of a table of hasura-auth must be called hx_… and be nullable"
			case strings.Contains(column[3], "NOT NULL") != strings.Contains(column[3], "DEFAULT"):
				return "instances of the release before know nothing of the column: it needs a default"
			}
		}
		return ""
	}
}

func TestSteps_TakeNothingAwayThatAnEarlierReleaseUses(t *testing.T) {
	// Before anything was released: SQLite's first step makes all tables, PostgreSQL's gives sessions of old servers other ids.
	foundation := map[Dialect]string{
		Postgres: `^UPDATE auth\.refresh_tokens SET id = gen_random_uuid\(\)`, SQLite: `^(CREATE (TABLE|(UNIQUE )?INDEX|TRIGGER)|INSERT INTO auth\.\w+ |END$)`,
	}
	for _, d := range []Dialect{Postgres, SQLite} {
		s, err := loadSteps(d)
		require.NoError(t, err)
		for _, step := range s.own {
			text := strings.TrimSuffix(step.SQL, step.record())
			text = regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(text, "")
			for statement := range strings.SplitSeq(text, ";") {
				statement = strings.TrimSpace(statement)
				if statement == "" || step.ID == 1 && regexp.MustCompile(foundation[d]).MatchString(statement) {
					continue
				}
				require.Empty(t, contracts(statement), "%s, step %d: %s", d, step.ID, statement)
			}
		}
	}
	for _, statement := range []string{
		"DROP TABLE auth.hexauth_codes", "ALTER TABLE auth.hexauth_codes DROP COLUMN attempts", "ALTER TABLE auth.users ADD COLUMN plan text",
		"ALTER TABLE auth.users ADD COLUMN hx_plan text NOT NULL DEFAULT ''", "ALTER TABLE auth.hexauth_codes ADD COLUMN n integer NOT NULL",
		"ALTER TABLE auth.hexauth_codes RENAME COLUMN attempts TO tries", "CREATE UNIQUE INDEX x ON auth.hexauth_codes (user_id)", "CREATE TABLE auth.plans (id text)",
		"ALTER TABLE auth.hexauth_codes ADD COLUMN n integer, DROP COLUMN attempts", "UPDATE auth.users SET locale = 'en'", "DELETE FROM auth.hexauth_codes",
		"ALTER TABLE auth.hexauth_codes ALTER COLUMN attempts SET NOT NULL", "ALTER TABLE auth.hexauth_codes ADD CONSTRAINT c CHECK (attempts < 9)",
	} {
		require.NotEmpty(t, contracts(statement), statement)
	}
}

func TestSteps_EachRecordsItself(t *testing.T) {
	pg, err := loadSteps(Postgres)
	require.NoError(t, err)
	require.Contains(t, pg.peer[18].SQL, "DELETE FROM auth.schema_migrations;\nINSERT INTO auth.schema_migrations (version, dirty) VALUES (19, false);")
	require.Contains(t, pg.own[0].SQL, "INSERT INTO auth.hexauth_migrations (id, name) VALUES (1, 'foundation');")
}

func TestSteps_MissingOnesAreFoundInGapsToo(t *testing.T) {
	s := steps{peer: []Step{{ID: 1}, {ID: 2}}, own: []Step{{ID: 1}, {ID: 2}, {ID: 3}}}
	require.Equal(t, []Step{{ID: 2}, {ID: 2}}, s.after(1, []int{1, 3}))
	require.Empty(t, s.after(24, []int{1, 2, 3}))
}

func TestObjects_ALineThatIsNoneIsAnError(t *testing.T) {
	for _, line := range []string{"table users", "table users - - x -", "table users - - 1 x", "table users - - own:x -"} {
		_, err := parseExpectation(line)
		require.Error(t, err, line)
	}
	e, err := parseExpectation("column users locale varchar(2) 1 19")
	require.NoError(t, err)
	require.Equal(t, expectation{object: object{"column", "users", "locale"}, typ: "varchar(2)", since: 1, until: 19}, e)
	require.Equal(t, "column auth.users.locale", e.String())
}

func TestRefusedError_TellsReasonFindingAndAdvice(t *testing.T) {
	err := &RefusedError{Reason: Dirty, Found: "step 3 failed", Advice: "Repair it"}
	require.EqualError(t, err, "the database is refused (dirty) and was not touched: step 3 failed. Repair it.")
	require.ErrorIs(t, err, Dirty)
	require.Equal(t, "1, 2, 3, 4, 5, 6, 7, 8 and 2 more", sentence([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}))
}
