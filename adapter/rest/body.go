package rest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/hexauth/hexauth/adapter/strictjson"
	"github.com/hexauth/hexauth/domain"
)

// checkBody reads the body, within its limit, and validates it. The handler gets it again from memory.
func (v *validator) checkBody(c echo.Context, rules *openapi3.RequestBody) error {
	request := c.Request()
	if request.ContentLength > v.maxBodyBytes {
		return domain.RequestTooLarge
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.Response(), request.Body, v.maxBodyBytes))
	if err != nil {
		return readError(err)
	}
	request.Body, request.ContentLength = newBodyInMemory(data), int64(len(data))
	if len(bytes.TrimSpace(data)) == 0 {
		if rules.Required {
			return bodyError("is required")
		}
		request.Body, request.ContentLength = http.NoBody, 0
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(request.Header.Get(echo.HeaderContentType))
	content := rules.Content[mediaType]
	if err != nil || content == nil {
		return domain.UnsupportedMediaType
	}
	request.Header.Set(echo.HeaderContentType, mediaType) // in lower case, as the generated server compares it
	if !utf8.Valid(data) {
		return bodyError("must be UTF-8")
	}
	value, err := decode(mediaType, data)
	if err != nil {
		return err
	}
	if field, found := findNUL(value, ""); found {
		return &domain.FieldError{Code: domain.SchemaValidation, Field: cmp.Or(field, "body"), Reason: "must not have NUL characters"}
	}
	return schemaError(content.Schema.Value.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.EnableFormatValidation()))
}

// bodyInMemory is a body that was read and validated.
type bodyInMemory struct {
	bytes.Reader
	data []byte
}

func newBodyInMemory(data []byte) *bodyInMemory {
	b := &bodyInMemory{data: data}
	b.Reset(data)
	return b
}

// Close implements io.Closer.
func (*bodyInMemory) Close() error { return nil }

// serializer spares bodies in memory the way through a decoder of streams.
type serializer struct{ echo.DefaultJSONSerializer }

// Deserialize implements echo.JSONSerializer.
func (s serializer) Deserialize(c echo.Context, into any) error {
	if body, ok := c.Request().Body.(*bodyInMemory); ok {
		return json.Unmarshal(body.data, into)
	}
	return s.DefaultJSONSerializer.Deserialize(c, into)
}

func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return domain.RequestTooLarge
	}
	return fmt.Errorf("%w: %w", bodyError("could not be read to its end"), err)
}

// decode returns a body's content as the schema's validator wants it.
func decode(mediaType string, data []byte) (any, error) {
	if mediaType == echo.MIMEApplicationForm {
		return decodeForm(data)
	}
	value, err := strictjson.Decode(data)
	if err != nil {
		return nil, bodyError(err.Error())
	}
	return value, nil
}

func bodyError(reason string) error {
	return &domain.FieldError{Code: domain.RequestValidation, Field: "body", Reason: reason}
}

func decodeForm(data []byte) (any, error) {
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, bodyError("is not a valid form")
	}
	value := make(map[string]any, len(form))
	for name := range form {
		value[name] = form.Get(name)
	}
	return value, nil
}

// findNUL looks for the one character that PostgreSQL can't store, in keys as well as in values, and says where it is.
func findNUL(value any, path string) (field string, found bool) {
	switch value := value.(type) {
	case string:
		return path, strings.ContainsRune(value, 0)
	case []any:
		for i, element := range value {
			if field, found := findNUL(element, join(path, strconv.Itoa(i))); found {
				return field, true
			}
		}
	case map[string]any:
		for key, element := range value {
			if strings.ContainsRune(key, 0) {
				return path, true
			}
			if field, found := findNUL(element, join(path, key)); found {
				return field, true
			}
		}
	}
	return "", false
}

func join(path, name string) string {
	if path == "" {
		return printable(name)
	}
	return path + "." + printable(name)
}

// maxFieldName bounds what an error repeats of a name that the client chose.
const maxFieldName = 64

func printable(name string) string {
	name = visible(name)
	if len(name) > maxFieldName {
		return strings.ToValidUTF8(name[:maxFieldName], "") + "…"
	}
	return name
}

// visible drops what can't be seen.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return -1
	}, text)
}

// schemaError turns what the validator found into an error that names the field. The validator's own text is dropped: it
// repeats the value.
func schemaError(err error) error {
	if err == nil {
		return nil
	}
	var found *openapi3.SchemaError
	if !errors.As(err, &found) {
		return domain.SchemaValidation
	}
	field := ""
	for _, name := range found.JSONPointer() {
		field = join(field, name)
	}
	if unknown := unknownField(found); unknown != "" {
		field = join(field, unknown)
	}
	return &domain.FieldError{Code: domain.SchemaValidation, Field: cmp.Or(field, "body"), Reason: reasonOf(found)}
}

// unknownField returns the first field that the schema does not have, "" when that is not what is wrong.
func unknownField(found *openapi3.SchemaError) string {
	object, isObject := found.Value.(map[string]any)
	if !isObject || found.SchemaField != "properties" {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, known := found.Schema.Properties[name]; !known {
			return name
		}
	}
	return ""
}

// reasonOf says what would be right.
func reasonOf(found *openapi3.SchemaError) string {
	schema := found.Schema
	switch found.SchemaField {
	case "required":
		return "is required"
	case "properties", "additionalProperties":
		return "is not a field of this request"
	case "nullable":
		return "must not be null"
	case "type":
		return "must be of type " + strings.Join(schema.Type.Slice(), " or ")
	case "minLength":
		return fmt.Sprintf("must have at least %d characters", schema.MinLength)
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *schema.MaxLength)
	case "pattern":
		return "must match the pattern " + schema.Pattern
	case "enum":
		return fmt.Sprintf("must be one of %v", schema.Enum)
	case "format":
		return "must be a " + schema.Format
	}
	return "does not have the form the API demands"
}
