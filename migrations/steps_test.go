package migrations

import (
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
