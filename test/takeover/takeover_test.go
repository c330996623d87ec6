package takeover

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTakeover_WhatHasuraAuthLeftWorks(t *testing.T) {
	for _, e := range eras() {
		t.Run(e.String(), func(t *testing.T) {
			w := newWorld(t, e)
			type proof struct {
				what  string
				works func(*site)
			}
			var proofs []proof
			for _, r := range remnants() {
				if r.since <= e.version {
					proofs = append(proofs, proof{r.what, r.leave(w)})
				}
			}
			s := w.start(t)
			for _, p := range proofs {
				t.Run(p.what, func(t *testing.T) { p.works(s.in(t)) })
			}
			require.Equal(t, 0, s.proc.Stop())
			require.NotContains(t, s.proc.Log(), `"level":"ERROR"`)
			w.peer.readable()
			if e.typescript { // its bookkeeping stays; the comment on the other would have come with a step that was not run
				w.peer.exec(`DROP TABLE auth.migrations`)
				w.peer.exec(`COMMENT ON TABLE auth.schema_migrations IS 'as after step 5'`)
			}
			require.Equal(t, schema(t), w.peer.schema())
			require.Equal(t, []string{"22", "false"}, w.peer.get(`SELECT version, dirty FROM auth.schema_migrations`))
		})
	}
}

// schema is what the schema has to be: the peer's of version 22, our additions, and the application's role.
func schema(t testing.TB) []string {
	t.Helper()
	var lines []string
	for _, name := range []string{"postgres_22.txt", "postgres_own.txt", "postgres_populated.txt"} {
		text, err := os.ReadFile("../../migrations/testdata/" + name)
		require.NoError(t, err)
		lines = append(lines, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	slices.Sort(lines)
	return lines
}

func (p *peer) schema() (lines []string) {
	p.t.Helper()
	query, err := os.ReadFile("../../migrations/testdata/schema.sql")
	require.NoError(p.t, err)
	tx, err := p.db.BeginTx(p.t.Context(), nil)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, tx.Rollback()) }()
	_, err = tx.ExecContext(p.t.Context(), `SET LOCAL search_path = ''`)
	require.NoError(p.t, err)
	rows, err := tx.QueryContext(p.t.Context(), string(query))
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, rows.Close()) }()
	for rows.Next() {
		var line string
		require.NoError(p.t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(p.t, rows.Err())
	slices.Sort(lines)
	return lines
}
