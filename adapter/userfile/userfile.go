package userfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hexauth/hexauth/adapter/strictjson"
	"github.com/hexauth/hexauth/domain"
)

// maxLine is how long a line may be, in bytes.
const maxLine = 1 << 20

// File is a file of users.
type File struct {
	path string
	err  error
}

// Open returns the file at path, or why it can't be read: it must be one that can be read twice.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: it is read twice", path)
	}
	return &File{path: path}, nil
}

// Err returns what ended the last reading early, nil when it came to the end.
func (f *File) Err() error { return f.err }

// Lines reads the file from its beginning. Empty lines are passed over but counted.
func (f *File) Lines(yield func(domain.ImportLine) bool) {
	file, err := os.Open(f.path)
	if err != nil {
		f.err = err
		return
	}
	defer func() { _ = file.Close() }()
	f.err = read(file, yield)
}

var byteOrderMark = []byte("\ufeff")

func read(from io.Reader, yield func(domain.ImportLine) bool) error {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
	number := 0
	for scanner.Scan() {
		number++
		text := scanner.Bytes()
		if number == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		line := domain.ImportLine{Number: number}
		line.Record, line.Mistake = parse(text)
		if !yield(line) {
			return nil
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes", number+1, maxLine)
	}
	return scanner.Err()
}

// object is a line.
type object struct {
	Email         string          `json:"email"`
	EmailVerified bool            `json:"emailVerified"`
	PasswordHash  string          `json:"passwordHash"`
	DisplayName   string          `json:"displayName"`
	Locale        string          `json:"locale"`
	Roles         []string        `json:"roles"`
	DefaultRole   string          `json:"defaultRole"`
	Metadata      json.RawMessage `json:"metadata"`
	CreatedAt     string          `json:"createdAt"`
	PhoneNumber   string          `json:"phoneNumber"`
	TOTPSecret    string          `json:"totpSecret"`
	Providers     []provider      `json:"providers"`
}

type provider struct {
	Provider string `json:"provider"`
	ID       string `json:"providerUserId"`
}

func parse(text []byte) (r domain.ImportRecord, err error) {
	if !utf8.Valid(text) {
		return r, mistake("line", "must be UTF-8")
	}
	if bytes.Contains(text, []byte(`\u0000`)) {
		return r, mistake("line", "must not have NUL characters")
	}
	if _, err := strictjson.Decode(text); err != nil {
		return r, mistake("line", err.Error())
	}
	var o object
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil {
		return r, explain(err)
	}
	r = domain.ImportRecord{
		Email: o.Email, EmailVerified: o.EmailVerified, PasswordHash: o.PasswordHash, DisplayName: o.DisplayName, Locale: o.Locale,
		Roles: o.Roles, DefaultRole: o.DefaultRole, PhoneNumber: o.PhoneNumber, TOTPSecret: o.TOTPSecret,
	}
	for _, p := range o.Providers {
		r.Providers = append(r.Providers, domain.ProviderIdentity{Provider: p.Provider, ID: p.ID})
	}
	if o.CreatedAt != "" {
		if r.CreatedAt, err = time.Parse(time.RFC3339Nano, o.CreatedAt); err != nil {
			return r, mistake("createdAt", "must be a time such as 2026-01-15T12:34:56Z")
		}
	}
	if len(o.Metadata) > 0 && string(o.Metadata) != "null" {
		if o.Metadata[0] != '{' {
			return r, mistake("metadata", "must be a JSON object")
		}
		r.Metadata = domain.Metadata(o.Metadata)
	}
	return r, nil
}

// explain names the field that the decoder stumbled over. Its own texts can repeat values.
func explain(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return mistake(kind.Field, "must be of another type, see docs/import.md")
	}
	const unknown = `json: unknown field "`
	if name, found := strings.CutPrefix(err.Error(), unknown); found {
		return mistake("line", "has a field that is not known: "+plain(strings.TrimSuffix(name, `"`)))
	}
	return mistake("line", "must be one JSON object")
}

// plain shortens a name that the file chose.
func plain(name string) string {
	const most = 40
	name = strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' {
			return -1
		}
		return r
	}, name)
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}

func mistake(field, reason string) error {
	return &domain.FieldError{Code: domain.InvalidRequest, Field: field, Reason: reason}
}
