package hasura

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

const (
	maxMetadata     = 64 << 20 // bytes of all metadata of an app
	metadataTimeout = 30 * time.Second
)

// MetadataURL returns the address of the metadata API beside that of GraphQL; "" when graphQL does not end in /v1/graphql.
func MetadataURL(graphQL string) string {
	base, isUsual := strings.CutSuffix(graphQL, "/v1/graphql")
	if !isUsual {
		return ""
	}
	return base + "/v1/metadata"
}

// Metadata is Hasura's knowledge of the tables.
type Metadata struct{ client client }

// NewMetadata returns the metadata at a metadata API. It does not connect.
func NewMetadata(o Options) (*Metadata, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	return &Metadata{client: client}, nil
}

// object is a JSON object.
type object = map[string]any

// failure is what Hasura answers when it refuses.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"error"`
}

func (f failure) Error() string { return fmt.Sprintf("hasura: %.60q: %.300q", f.Code, f.Message) }

// Apply tracks the tables and their relationships and gives them their names. What is as it has to be is not touched, so it can run any
// number of times and on several instances at once; names and settings that are none of ours stay. changes is how many changes were
// needed. It stops at the first failure, and running it again goes on from there.
func (m *Metadata) Apply(ctx context.Context) (changes int, err error) {
	known, err := m.export(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range tables() {
		existing, tracked := known[t.name]
		kind, arguments := "pg_track_table", t.tracking()
		if tracked {
			configuration := merge(existing.Configuration, t)
			if reflect.DeepEqual(configuration, existing.Configuration) {
				continue
			}
			kind, arguments = "pg_set_table_customization", object{"source": source, "table": qualified(t.name), "configuration": configuration}
		}
		// Another instance may have tracked it in the meantime, with the same names.
		if err := m.change(ctx, kind, arguments, "already-tracked"); err != nil {
			return changes, fmt.Errorf("%s.%s: %w", schema, t.name, err)
		}
		changes++
	}
	for _, t := range tables() { // when all tables are there
		for _, relationship := range t.missing(known[t.name]) {
			if err := m.change(ctx, relationship.kind, relationship.arguments, "already-exists"); err != nil {
				return changes, fmt.Errorf("%s.%s: %w", schema, t.name, err)
			}
			changes++
		}
	}
	return changes, nil
}

// known is what Hasura knows about a table.
type known struct {
	Table struct {
		Schema string `json:"schema"`
		Name   string `json:"name"`
	} `json:"table"`
	Configuration object  `json:"configuration"`
	Objects       []named `json:"object_relationships"`
	Arrays        []named `json:"array_relationships"`
}

type named struct {
	Name string `json:"name"`
}

// export returns the tables of the schema that Hasura tracks, by name.
func (m *Metadata) export(ctx context.Context) (map[string]known, error) {
	var exported struct {
		Metadata struct {
			Sources []struct {
				Name   string  `json:"name"`
				Tables []known `json:"tables"`
			} `json:"sources"`
		} `json:"metadata"`
	}
	body, err := m.call(ctx, object{"type": "export_metadata", "version": 2, "args": object{}})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &exported); err != nil {
		return nil, errors.New("hasura: the answer is not an export of metadata")
	}
	for _, s := range exported.Metadata.Sources {
		if s.Name != source {
			continue
		}
		tracked := map[string]known{}
		for _, t := range s.Tables {
			if t.Table.Schema == schema {
				tracked[t.Table.Name] = t
			}
		}
		return tracked, nil
	}
	return nil, fmt.Errorf("hasura: it has no database named %q yet", source)
}

// change does one change. harmless is the code of a refusal that means it was done before.
func (m *Metadata) change(ctx context.Context, kind string, arguments object, harmless string) error {
	_, err := m.call(ctx, object{"type": kind, "args": arguments})
	if refused, ok := errors.AsType[failure](err); ok && refused.Code == harmless {
		return nil
	}
	return err
}

func (m *Metadata) call(ctx context.Context, question object) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	status, body, err := m.client.post(ctx, question, maxMetadata)
	if err != nil {
		return nil, fmt.Errorf("hasura: %w", err)
	}
	if status == http.StatusOK {
		return body, nil
	}
	var refused failure
	if json.Unmarshal(body, &refused) == nil && refused.Code != "" {
		return nil, refused
	}
	return nil, fmt.Errorf("hasura: status %d", status)
}

func qualified(table string) object { return object{"schema": schema, "name": table} }

func (t table) tracking() object {
	arguments := object{"source": source, "table": qualified(t.name), "configuration": merge(nil, t)}
	if t.enum {
		arguments["is_enum"] = true
	}
	return arguments
}

// merge returns a table's configuration with our names in it. existing is not changed.
func merge(existing object, t table) object {
	merged := maps.Clone(existing)
	if merged == nil {
		merged = object{}
	}
	merged["custom_name"] = t.plural
	merged["custom_root_fields"] = overlay(existing["custom_root_fields"], t.rootFields())
	merged["custom_column_names"] = overlay(existing["custom_column_names"], t.columnNames())
	if settings, ok := existing["column_config"].(object); ok { // where newer versions keep the names of columns, too
		settings = maps.Clone(settings)
		for column, name := range t.columnNames() {
			of, _ := settings[column].(object)
			settings[column] = overlay(of, map[string]string{"custom_name": name})
		}
		merged["column_config"] = settings
	}
	return merged
}

func overlay(existing any, names map[string]string) object {
	merged := object{}
	if object, ok := existing.(object); ok {
		maps.Copy(merged, object)
	}
	for key, name := range names {
		merged[key] = name
	}
	return merged
}

// relationship is one to be created.
type relationship struct {
	kind      string
	arguments object
}

// missing returns the relationships whose names are not taken.
func (t table) missing(k known) []relationship {
	taken := func(name string) bool {
		is := func(n named) bool { return n.Name == name }
		return slices.ContainsFunc(k.Objects, is) || slices.ContainsFunc(k.Arrays, is)
	}
	var list []relationship
	add := func(kind, name string, constraint any) {
		if !taken(name) {
			list = append(list, relationship{kind, object{
				"source": source, "table": qualified(t.name), "name": name, "using": object{"foreign_key_constraint_on": constraint},
			}})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.objects)) {
		add("pg_create_object_relationship", name, t.objects[name])
	}
	for _, name := range slices.Sorted(maps.Keys(t.arrays)) {
		remote, column, _ := strings.Cut(t.arrays[name], ".")
		add("pg_create_array_relationship", name, object{"table": qualified(remote), "column": column})
	}
	return list
}
