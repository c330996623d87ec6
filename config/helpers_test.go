package config_test

import (
	"reflect"

	"github.com/hexauth/hexauth/config"
)

// names returns the variables of problems, in order.
func names(problems []config.Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, p.Variable)
	}
	return list
}

// exported returns the exported fields of a Config by name, so that two can be compared without printing a hidden one.
func exported(c config.Config) map[string]any {
	fields := map[string]any{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(c)) {
		if f.IsExported() {
			fields[f.Name] = reflect.ValueOf(c).FieldByIndex(f.Index).Interface()
		}
	}
	return fields
}
