package config

import (
	"crypto/ecdsa"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Variable describes one environment variable.
type Variable struct {
	Name               string
	Group              string   // heading under which it is documented
	Type               string   // string, integer, number, boolean, duration, list, URL, hexadecimal, JSON or PEM
	Unit               string   // seconds, bytes …; "" where the type says enough
	Default            string   // the default as one would write it, or words; "" for none
	DevelopmentDefault string   // the default in development mode where it differs
	Allowed            []string // every allowed value, nil where that is no short list
	Min, Max           string   // bounds, in the notation of the type; "" for none
	Example            string
	Description        string
	Secret             bool   // the value, or a part of it, is never shown
	AliasOf            string // the variable that wins over this one, "" for most
}

// Variables lists every variable Load reads, group by group.
func Variables() []Variable {
	var list []Variable
	for _, f := range fields() {
		list = append(list, f.variable())
		for _, alias := range f.aliases() {
			v := f.variable()
			v.Name, v.AliasOf, v.Default, v.DevelopmentDefault, v.Example = alias, f.name, "", "", ""
			v.Description = "Read when " + f.name + " is not set, and means the same. " + aliasNote(f, alias)
			v.Description = strings.TrimSpace(v.Description)
			list = append(list, v)
		}
	}
	return list
}

func aliasNote(f field, alias string) string {
	before := f.aliases()[:slices.Index(f.aliases(), alias)]
	if len(before) == 0 {
		return ""
	}
	return strings.Join(before, ", ") + " comes before it."
}

// field is one variable as the struct Config declares it.
type field struct {
	reflect.StructField
	name   string
	group  string
	prefix string // what the names of the provider's variables begin with; "" for other fields
}

// fields returns the fields of Config that stand for a variable, in order.
func fields() []field {
	var list []field
	group := ""
	for _, sf := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if sf.Type == reflect.TypeFor[Providers]() {
			for i := range sf.Type.NumField() {
				list = append(list, providerFields(sf.Type.Field(i), append(slices.Clone(sf.Index), i))...)
			}
			continue
		}
		name := sf.Tag.Get("env")
		if name == "" {
			continue
		}
		if g := sf.Tag.Get("group"); g != "" {
			group = g
		}
		list = append(list, field{StructField: sf, name: name, group: group})
	}
	return list
}

func (f field) aliases() []string { return splitList(f.Tag.Get("alias")) }
func (f field) enum() []string    { return splitList(f.Tag.Get("enum")) }
func (f field) secret() bool      { return f.Tag.Get("secret") != "" }
func (f field) unit() string      { return f.Tag.Get("unit") }

func (f field) variable() Variable {
	return Variable{
		Name:               f.name,
		Group:              f.group,
		Type:               f.typeName(),
		Unit:               f.unit(),
		Default:            firstOf(f.Tag.Get("envDefault"), f.Tag.Get("defaultText")),
		DevelopmentDefault: firstOf(f.Tag.Get("devDefault"), f.Tag.Get("devDefaultText")),
		Allowed:            f.enum(),
		Min:                f.Tag.Get("min"),
		Max:                f.Tag.Get("max"),
		Example:            f.Tag.Get("example"),
		Description:        f.Tag.Get("doc"),
		Secret:             f.secret(),
	}
}

func (f field) typeName() string {
	switch f.Type {
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[[]string]():
		return "list"
	case reflect.TypeFor[[]byte]():
		return "hexadecimal"
	case reflect.TypeFor[*JWTSecret](), reflect.TypeFor[OIDCProviders](), reflect.TypeFor[Webhooks](), reflect.TypeFor[CustomClaims](), reflect.TypeFor[CustomClaimsDefaults](), reflect.TypeFor[map[string]string]():
		return "JSON"
	case reflect.TypeFor[*ecdsa.PrivateKey]():
		return "PEM"
	case reflect.TypeFor[bool]():
		return "boolean"
	case reflect.TypeFor[int](), reflect.TypeFor[int64]():
		return "integer"
	case reflect.TypeFor[float64]():
		return "number"
	}
	if strings.HasSuffix(f.name, "_URL") || f.Tag.Get("secret") == "url" {
		return "URL"
	}
	return "string"
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// splitList splits at commas, trims blanks and drops empty members.
func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
