package rest_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// missing lists the ports and use cases below value that are nil. It looks into use cases and what they are made of, not
// into adapters.
func missing(value reflect.Value, path string) []string {
	switch value.Kind() {
	case reflect.Interface, reflect.Func:
		if value.IsNil() || value.Kind() == reflect.Interface && value.Elem().Kind() == reflect.Pointer && value.Elem().IsNil() {
			return []string{path}
		}
	case reflect.Pointer:
		if value.IsNil() {
			return []string{path}
		}
		return missing(value.Elem(), path)
	case reflect.Struct:
		var found []string
		for i := range value.NumField() {
			found = append(found, missing(value.Field(i), fmt.Sprintf("%s.%s", path, value.Type().Field(i).Name))...)
		}
		return found
	}
	return nil
}

func TestKit_LeavesNoPortOfTheUseCasesNil(t *testing.T) {
	t.Parallel()
	require.Empty(t, missing(reflect.ValueOf(kit.New(t, func(s *kit.Settings) { s.Checks.Breached = &kit.Breached{} }).UseCases), "UseCases"))
}

func TestMissing_FindsWhatIsNil(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"UseCases.SignOut.Store", "UseCases.SignOut.Audit.Clock", "UseCases.SignOut.Audit.Random", "UseCases.SignOut.Audit.Witness"}, missing(reflect.ValueOf(struct {
		SignOut *usecase.SignOut
	}{&usecase.SignOut{}}), "UseCases"))
	require.Len(t, missing(reflect.ValueOf(rest.UseCases{}), ""), reflect.TypeFor[rest.UseCases]().NumField())
}
