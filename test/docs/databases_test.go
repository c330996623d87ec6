package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statements returns all code below folders that can hold SQL for PostgreSQL.
func statements(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ os.DirEntry, err error) error {
			name := filepath.Base(path)
			ours := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "sqlite.go" || strings.HasSuffix(name, ".sql")
			if err == nil && ours && !strings.Contains(path, "sqlite"+string(filepath.Separator)) {
				all.WriteString(read(t, path))
			}
			return err
		}))
	}
	return all.String()
}

func TestDatabases_TheDocumentNamesWhatIsReliedOn(t *testing.T) {
	t.Parallel()
	document := read(t, filepath.Join(root, "docs", "databases.md"))
	relied, unused, found := strings.Cut(document, "\nNot used")
	require.True(t, found)
	unused, _, _ = strings.Cut(unused, "\n## ")
	code := statements(t, "adapter/bunstore", "adapter/claims", "migrations")
	used := map[string]string{ // what the document says → how it looks
		"`citext`": `CREATE EXTENSION citext`, "`pgcrypto`": `CREATE EXTENSION pgcrypto`, "a domain": `CREATE DOMAIN`, "triggers": `CREATE TRIGGER`,
		"PL/pgSQL": `LANGUAGE plpgsql`, "generated columns": `GENERATED ALWAYS AS`, "`DO` blocks": `\bDO \$\$`, "partial indexes": `CREATE INDEX[^;]* WHERE `,
		`COLLATE "C"`: `COLLATE "C"`, "`ON UPDATE CASCADE`": `ON UPDATE CASCADE`, "`ON DELETE CASCADE`": `ON DELETE CASCADE`, "`lock_timeout`": `lock_timeout`,
		"`pg_advisory_lock`": `pg_advisory_lock`, "`RETURNING`": `RETURNING`, "ON CONFLICT DO UPDATE … WHERE": `ON CONFLICT[^\x60]*DO UPDATE[^\x60]*WHERE`,
		"`DO NOTHING`": `DO NOTHING`, "`FOR UPDATE`": `FOR UPDATE`, "`FOR NO KEY UPDATE`": `FOR NO KEY UPDATE`, "`FOR SHARE`": `FOR SHARE`,
		"`SKIP LOCKED`": `SKIP LOCKED`, "AS MATERIALIZED": `AS MATERIALIZED`, "`FILTER`": `FILTER \(`, "`json_agg`": `json_agg`,
		"`json_to_recordset`": `json_to_recordset`, "`regexp_replace`": `regexp_replace`, "`statement_timeout`": `statement_timeout`,
		"`idle_in_transaction_session_timeout`": `idle_in_transaction_session_timeout`, "cancel requests": `CancelRequestContextWatcherHandler`,
		"READ COMMITTED": `default_transaction_isolation", "read committed"`,
	}
	for name, pattern := range used {
		require.Contains(t, relied, name)
		require.Regexp(t, pattern, code, "the document says that it is relied on")
	}
	for _, table := range regexp.MustCompile(`(?:FROM|JOIN) pg_catalog\.(pg_[a-z]+)`).FindAllStringSubmatch(code, -1) {
		require.Contains(t, relied, "`"+table[1]+"`")
	}
	for _, function := range regexp.MustCompile(`\b((?:json|jsonb|array|string|xml)_[a-z_]+)\(`).FindAllStringSubmatch(code, -1) {
		if !strings.HasPrefix(function[1], "json_group") && function[1] != "json_extract" && function[1] != "json_each" { // SQLite's
			require.Contains(t, relied, "`"+function[1]+"`")
		}
	}
	for name, pattern := range map[string]string{
		"`LISTEN`": `\bLISTEN `, "`NOTIFY`": `\bNOTIFY |pg_notify`, "sequences": `(?i)nextval|\b(?:big|small)?serial\b|CREATE SEQUENCE|AS IDENTITY`,
		"temporary tables": `\bTEMP(?:ORARY)? TABLE`, "`COPY`": `\bCOPY [a-z]|CopyFrom`, "cursors": `\bCURSOR FOR\b`, "large objects": `\blo_[a-z]+\(`,
		"two-phase commit": `PREPARE TRANSACTION`, "row security": `ROW LEVEL SECURITY`,
	} {
		require.Contains(t, unused, name)
		require.NotRegexp(t, pattern, code, "the document says that it is not used")
	}
	require.Contains(t, unused, "Times in statements come from the instances")
	require.NotRegexp(t, `(?i)\bnow\(\)|current_timestamp\b|localtimestamp`, statements(t, "adapter/bunstore"))
}
