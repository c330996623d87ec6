package hasura_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/bunstore"
	"github.com/hexauth/hexauth/adapter/hasura"
	"github.com/hexauth/hexauth/migrations"
	"github.com/hexauth/hexauth/test/pgtest"
)

type object = map[string]any

// engine is a Hasura that knows what its metadata API is told: it refuses what the real one refuses, with the same codes.
type engine struct {
	*httptest.Server
	mu      sync.Mutex
	tables  map[string]object // by schema.name
	order   []string
	calls   []string
	refuse  func(kind string) (status int, code string)
	sources bool
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{tables: map[string]object{}, sources: true}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		var call struct {
			Type    string `json:"type"`
			Version int    `json:"version"`
			Args    object `json:"args"`
		}
		body, _ := io.ReadAll(r.Body)
		status, answer := http.StatusBadRequest, any(object{"path": "$", "error": "no", "code": "not-supported"})
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/v1/metadata" || json.Unmarshal(body, &call) != nil:
		case r.Header.Get("X-Hasura-Admin-Secret") != secret:
			status, answer = http.StatusUnauthorized, object{"path": "$", "error": "invalid x-hasura-admin-secret/x-hasura-access-key", "code": "access-denied"}
		default:
			status, answer = e.handle(call.Type, call.Version, call.Args)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(e.Close)
	return e
}

func refusal(code string) (int, any) {
	return http.StatusBadRequest, object{"path": "$.args", "error": "refused: " + code, "code": code}
}

func (e *engine) handle(kind string, version int, args object) (int, any) {
	if e.refuse != nil {
		if status, code := e.refuse(kind); status != 0 {
			return status, object{"path": "$", "error": "refused", "code": code}
		}
	}
	if kind == "export_metadata" {
		if version != 2 {
			return refusal("parse-failed")
		}
		tables := []any{}
		for _, name := range e.order {
			tables = append(tables, e.tables[name])
		}
		sources := []any{object{"name": "other", "kind": "postgres", "tables": []any{}}}
		if e.sources {
			sources = append(sources, object{"name": "default", "kind": "postgres", "tables": tables})
		}
		return http.StatusOK, object{"resource_version": 7, "metadata": object{"version": 3, "sources": sources}}
	}
	name := fmt.Sprint(args["table"].(object)["schema"], ".", args["table"].(object)["name"])
	e.calls = append(e.calls, kind+" "+name)
	if args["source"] != "default" {
		return refusal("not-exists")
	}
	known := e.tables[name]
	switch kind {
	case "pg_track_table":
		if known != nil {
			return refusal("already-tracked")
		}
		delete(args, "source")
		e.tables[name] = args
		e.order = append(e.order, name)
	case "pg_set_table_customization":
		if known == nil {
			return refusal("not-exists")
		}
		known["configuration"] = args["configuration"]
	case "pg_create_object_relationship", "pg_create_array_relationship":
		return e.relate(known, strings.TrimSuffix(strings.TrimPrefix(kind, "pg_create_"), "hip")+"hips", args)
	default:
		return refusal("not-supported")
	}
	return http.StatusOK, object{"message": "success"}
}

func (e *engine) relate(known object, kind string, args object) (int, any) {
	if known == nil {
		return refusal("not-exists")
	}
	for _, kinds := range []string{"object_relationships", "array_relationships"} {
		list, _ := known[kinds].([]any)
		for _, r := range list {
			if r.(object)["name"] == args["name"] {
				return refusal("already-exists")
			}
		}
	}
	if remote, ok := args["using"].(object)["foreign_key_constraint_on"].(object); ok {
		table := remote["table"].(object)
		if e.tables[fmt.Sprint(table["schema"], ".", table["name"])] == nil {
			return refusal("constraint-error") // the real one knows only foreign keys of tables that are tracked
		}
	}
	list, _ := known[kind].([]any)
	known[kind] = append(list, object{"name": args["name"], "using": args["using"]})
	return http.StatusOK, object{"message": "success"}
}

func (e *engine) metadata(t *testing.T, secret string) *hasura.Metadata {
	t.Helper()
	m, err := hasura.NewMetadata(hasura.Options{URL: e.URL + "/v1/metadata", AdminSecret: secret})
	require.NoError(t, err)
	return m
}

// text is all metadata, in the order of the tables' names.
func (e *engine) text(t *testing.T) string {
	t.Helper()
	encoded, err := json.MarshalIndent(e.tables, "", "  ")
	require.NoError(t, err)
	return string(encoded) + "\n"
}

func TestMetadata_IsWhatAppsOfHasuraAuthCountOn(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	changes, err := e.metadata(t, secret).Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(e.calls), changes)
	const file = "testdata/metadata.json"
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(file, []byte(e.text(t)), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), e.text(t))
}

// Whatever the names, behind them are columns and foreign keys of the schema as it is.
func TestMetadata_FitsTheDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	store, err := bunstore.Open(t.Context(), url, bunstore.Options{})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	db, dialect := store.Migrations()
	_, err = migrations.Up(t.Context(), db, dialect, nil)
	require.NoError(t, err)
	connection, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close(context.Background()) })
	list := func(query string) []string {
		rows, err := connection.Query(t.Context(), query)
		require.NoError(t, err)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return found
	}
	columns := list(`SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'auth'`)
	keys := list(`SELECT c.relname || '.' || a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
		WHERE k.contype = 'f' AND k.connamespace = 'auth'::regnamespace AND cardinality(k.conkey) = 1`)
	e := newEngine(t)
	_, err = e.metadata(t, secret).Apply(t.Context())
	require.NoError(t, err)
	for qualified, known := range e.tables {
		table := strings.TrimPrefix(qualified, "auth.")
		for column := range known["configuration"].(object)["custom_column_names"].(object) {
			require.Contains(t, columns, table+"."+column)
		}
		objects, _ := known["object_relationships"].([]any)
		for _, r := range objects {
			require.Contains(t, keys, table+"."+r.(object)["using"].(object)["foreign_key_constraint_on"].(string))
		}
		arrays, _ := known["array_relationships"].([]any)
		for _, r := range arrays {
			on := r.(object)["using"].(object)["foreign_key_constraint_on"].(object)
			require.Contains(t, keys, fmt.Sprint(on["table"].(object)["name"], ".", on["column"]))
		}
	}
}

func TestMetadata_IsLeftAloneWhereItIsRight(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	m := e.metadata(t, secret)
	_, err := m.Apply(t.Context())
	require.NoError(t, err)
	e.calls = nil
	changes, err := m.Apply(t.Context())
	require.NoError(t, err)
	require.Zero(t, changes)
	require.Empty(t, e.calls)
}

func TestMetadata_KeepsWhatAppsHaveAdded(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	m := e.metadata(t, secret)
	_, err := m.Apply(t.Context())
	require.NoError(t, err)
	right := e.text(t)
	users := e.tables["auth.users"]
	configuration := users["configuration"].(object)
	configuration["comment"] = "the app's"
	configuration["custom_name"] = "people"
	configuration["custom_column_names"].(object)["password_hash"] = "hash"
	configuration["custom_column_names"].(object)["metadata"] = "settings"
	configuration["custom_root_fields"].(object)["select_stream"] = "usersStream"
	configuration["column_config"] = object{"email": object{"custom_name": "mail", "comment": "c"}, "metadata": object{"custom_name": "settings"}}
	users["object_relationships"] = append(users["object_relationships"].([]any), object{"name": "profile", "using": object{}})
	users["array_relationships"] = slices.DeleteFunc(users["array_relationships"].([]any), func(r any) bool { return r.(object)["name"] == "roles" })
	users["select_permissions"] = []any{object{"role": "user"}}
	e.calls = nil
	changes, err := m.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, changes)
	require.Equal(t, []string{"pg_set_table_customization auth.users", "pg_create_array_relationship auth.users"}, e.calls)
	after := users["configuration"].(object)
	require.Equal(t, "the app's", after["comment"])
	require.Equal(t, "users", after["custom_name"])
	require.Equal(t, "passwordHash", after["custom_column_names"].(object)["password_hash"])
	require.Equal(t, "settings", after["custom_column_names"].(object)["metadata"])
	require.Equal(t, "usersStream", after["custom_root_fields"].(object)["select_stream"])
	settings := after["column_config"].(object)
	require.Equal(t, object{"custom_name": "email", "comment": "c"}, settings["email"])
	require.Equal(t, object{"custom_name": "settings"}, settings["metadata"])
	require.Equal(t, object{"custom_name": "passwordHash"}, settings["password_hash"])
	require.Len(t, users["select_permissions"], 1)
	require.NotEqual(t, right, e.text(t))
	e.calls = nil
	_, err = m.Apply(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.calls)
}

func TestMetadata_ManyInstancesDoNotDisturbOneAnother(t *testing.T) {
	t.Parallel()
	alone, together := newEngine(t), newEngine(t)
	_, err := alone.metadata(t, secret).Apply(t.Context())
	require.NoError(t, err)
	var starting sync.WaitGroup
	for range 8 {
		m := together.metadata(t, secret)
		starting.Go(func() {
			if _, err := m.Apply(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	sorted := func(e *engine) object {
		for _, table := range e.tables {
			for _, kind := range []string{"object_relationships", "array_relationships"} {
				if list, ok := table[kind].([]any); ok {
					slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(object)["name"].(string), b.(object)["name"].(string)) })
				}
			}
		}
		all := object{}
		for name, table := range e.tables {
			all[name] = table
		}
		return all
	}
	require.Equal(t, sorted(alone), sorted(together))
}

func TestMetadata_GoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	whole, e := newEngine(t), newEngine(t)
	_, err := whole.metadata(t, secret).Apply(t.Context())
	require.NoError(t, err)
	left := 9
	e.refuse = func(string) (int, string) {
		if left--; left < 0 {
			return http.StatusConflict, "conflict"
		}
		return 0, ""
	}
	m := e.metadata(t, secret)
	for {
		if _, err = m.Apply(t.Context()); err == nil {
			break
		}
		require.ErrorContains(t, err, `hasura: "conflict": "refused"`)
		left = 9
	}
	require.Equal(t, whole.text(t), e.text(t))
}

func TestMetadata_FailsWithoutRepeatingTheSecret(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	_, err := e.metadata(t, "hunter2").Apply(t.Context())
	require.EqualError(t, err, `hasura: "access-denied": "invalid x-hasura-admin-secret/x-hasura-access-key"`)
	require.Empty(t, e.calls)
	e.sources = false
	_, err = e.metadata(t, secret).Apply(t.Context())
	require.EqualError(t, err, `hasura: it has no database named "default" yet`)
	require.Empty(t, e.calls, "nothing is overwritten that was not seen")
	e.Close()
	_, err = e.metadata(t, secret).Apply(t.Context())
	require.Error(t, err)
	require.NotContains(t, err.Error(), secret)
}
