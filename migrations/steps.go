package migrations

import (
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"
)

//go:embed postgres/*.sql postgres/own/*.sql postgres/objects.txt sqlite/*.sql sqlite/objects.txt
var files embed.FS

// steps are the changes this program knows, each list ascending and without gaps from 1.
type steps struct {
	peer []Step // PostgreSQL only
	own  []Step
}

// after gives the steps that are missing at version v with the given own steps recorded.
func (s steps) after(v int, applied []int) []Step {
	var out []Step
	if v < len(s.peer) {
		out = append(out, s.peer[v:]...)
	}
	done := make(map[int]bool, len(applied))
	for _, id := range applied {
		done[id] = true
	}
	for _, step := range s.own {
		if !done[step.ID] {
			out = append(out, step)
		}
	}
	return out
}

// loadSteps reads the embedded files of a dialect. It fails on an unknown dialect and on misnamed files.
func loadSteps(d Dialect) (steps, error) {
	switch d {
	case Postgres:
		peer, err := loadDir("postgres", TrackPeer)
		if err != nil {
			return steps{}, err
		}
		own, err := loadDir("postgres/own", TrackOwn)
		return steps{peer: peer, own: own}, err
	case SQLite:
		own, err := loadDir("sqlite", TrackOwn)
		return steps{own: own}, err
	}
	return steps{}, fmt.Errorf("migrations: unknown dialect %q", d)
}

// loadDir reads the numbered SQL files of one folder and appends to each the statements that record it.
func loadDir(dir string, t Track) ([]Step, error) {
	entries, err := files.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []Step
	for _, e := range entries {
		if path.Ext(e.Name()) != ".sql" {
			continue
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		id, err := strconv.Atoi(number)
		if err != nil || id != len(out)+1 {
			return nil, fmt.Errorf("migrations: %s/%s does not follow number %d", dir, e.Name(), len(out))
		}
		text, err := files.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		step := Step{Track: t, ID: id, Name: name}
		step.SQL = string(text) + "\n" + step.record()
		out = append(out, step)
	}
	return out, nil
}

// record gives the statements that enter a step into its bookkeeping.
func (s Step) record() string {
	if s.Track == TrackPeer {
		return recordVersion(s.ID)
	}
	return fmt.Sprintf("INSERT INTO auth.hexauth_migrations (id, name) VALUES (%d, '%s');\n", s.ID, s.Name)
}

// recordVersion gives the statements that leave auth.schema_migrations with the one row (v, false).
func recordVersion(v int) string {
	return fmt.Sprintf(`DELETE FROM auth.schema_migrations;
INSERT INTO auth.schema_migrations (version, dirty) VALUES (%d, false);
`, v)
}

// adopt is the step that gives a database without auth.schema_migrations, or with an empty one, its version.
func adopt(v int) Step {
	return Step{
		Track: TrackPeer, ID: v, Name: "record_version",
		SQL: `CREATE TABLE IF NOT EXISTS auth.schema_migrations (
  version bigint NOT NULL,
  dirty boolean NOT NULL,
  CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);
` + recordVersion(v),
	}
}
