package userfile

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/strictjson"
	"github.com/hexauth/hexauth/domain"
)

func lines(t *testing.T, text string) []domain.ImportLine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	file, err := Open(path)
	require.NoError(t, err)
	var first, second []domain.ImportLine
	for line := range file.Lines {
		first = append(first, line)
	}
	require.NoError(t, file.Err())
	for line := range file.Lines {
		second = append(second, line)
	}
	require.Equal(t, first, second, "it is read twice")
	return first
}

func TestFile_HasOneUserALine(t *testing.T) {
	got := lines(t, "\ufeff"+`{"email":"jane@example.com","emailVerified":true,"passwordHash":"$2b$10$x","displayName":"Jane ☺","locale":"de","roles":["user"],"defaultRole":"user","metadata":{"n":12345678901234567890},"createdAt":"2024-01-15T12:34:56.789+01:00","phoneNumber":"+4915112345678","totpSecret":"JBSW","providers":[{"provider":"github","providerUserId":"583231"}]}`+
		"\r\n\n{\"email\":\"joe@example.com\",\"metadata\":null}")
	require.Equal(t, []domain.ImportLine{
		{Number: 1, Record: domain.ImportRecord{
			Email: "jane@example.com", EmailVerified: true, PasswordHash: "$2b$10$x", DisplayName: "Jane ☺", Locale: "de", Roles: []string{"user"}, DefaultRole: "user",
			Metadata: `{"n":12345678901234567890}`, CreatedAt: got[0].Record.CreatedAt, PhoneNumber: "+4915112345678", TOTPSecret: "JBSW",
			Providers: []domain.ProviderIdentity{{Provider: "github", ID: "583231"}},
		}},
		{Number: 3, Record: domain.ImportRecord{Email: "joe@example.com"}},
	}, got)
	require.Equal(t, time.Date(2024, 1, 15, 11, 34, 56, 789000000, time.UTC), got[0].Record.CreatedAt.UTC())
}

func TestFile_NamesTheFieldOfAMistakeAndNeverItsValue(t *testing.T) {
	for text, field := range map[string]string{
		`hunter2`: "line", `["hunter2"]`: "line", `{"email":"hunter2"`: "line", `{"email":"a"} {"email":"hunter2"}`: "line",
		`{"email":["hunter2"]}`: "email", `{"emailVerified":"hunter2"}`: "emailVerified", `{"roles":"hunter2"}`: "roles", `{"createdAt":"hunter2"}`: "createdAt",
		`{"metadata":"hunter2"}`: "metadata", `{"providers":[{"provider":7}]}`: "providers.provider", `{"password":"hunter2"}`: "line",
		`{"email":"hunter2\u0000"}`: "line", "{\"email\":\"hunter2\xff\"}": "line",
	} {
		got := lines(t, text)
		require.Len(t, got, 1)
		var mistake *domain.FieldError
		require.ErrorAs(t, got[0].Mistake, &mistake, text)
		require.Equal(t, field, mistake.Field, text)
		require.NotContains(t, mistake.Error(), "hunter2")
	}
	require.ErrorContains(t, lines(t, `{"pass word\u001b[2J":1}`)[0].Mistake, "has a field that is not known: password")
}

func TestFile_StopsAtALineThatIsTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("{}\n{\"email\":\""+strings.Repeat("x", maxLine)+"\"}\n{}\n"), 0o600))
	file, err := Open(path)
	require.NoError(t, err)
	count := 0
	for range file.Lines {
		count++
	}
	require.Equal(t, 1, count)
	require.EqualError(t, file.Err(), "line 2 is longer than 1048576 bytes")
}

func TestOpen_WantsAFileThatCanBeReadTwice(t *testing.T) {
	_, err := Open(t.TempDir())
	require.ErrorContains(t, err, "no regular file")
	_, err = Open(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFile_RefusesMetadataThatADatabaseDoesNotTake(t *testing.T) {
	for text, reason := range map[string]string{
		`"\ud800"`: "has half of a surrogate pair", `1e-400`: "has a number that is too long or too close to zero",
		strings.Repeat("[", 100) + strings.Repeat("]", 100): "must not have more than 100 levels", `{"b":1,"b":2}`: "has a name twice in one object",
	} {
		got := lines(t, `{"email":"jane@example.com","metadata":{"a":`+text+`}}`)
		require.Equal(t, &domain.FieldError{Code: domain.InvalidRequest, Field: "line", Reason: reason}, got[0].Mistake)
	}
}

// FuzzParse_NeverRepeatsWhatItRefuses reads lines of imports. What is accepted has text that every database keeps.
func FuzzParse_NeverRepeatsWhatItRefuses(f *testing.F) {
	f.Add(`{"email":"jane@example.com","metadata":{}}`)
	f.Add(`{"roles":[1]}`)
	f.Add(`{"email":"jane@example.com","metadata":{"a":"\ud800","b":[{}]},"createdAt":"2024-01-15T12:34:56.789+01:00","providers":[{"provider":"github","providerUserId":"1"}]}`)
	f.Add(`{"EMAIL":"a","email":"b","displayName":"\u0000"}`)
	f.Add(`{"the secret of the line":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parse([]byte(text))
		if err == nil {
			for _, kept := range append([]string{r.Email, r.DisplayName, r.Locale, r.DefaultRole, r.PhoneNumber, r.PasswordHash, r.TOTPSecret, string(r.Metadata)}, r.Roles...) {
				require.True(t, utf8.ValidString(kept) && !strings.ContainsRune(kept, 0), "%q", kept)
			}
			if r.Metadata != "" {
				_, err := strictjson.Decode([]byte(r.Metadata))
				require.NoError(t, err)
				require.NotContains(t, string(r.Metadata), `\u0000`)
			}
			return
		}
		var mistake *domain.FieldError
		require.ErrorAs(t, err, &mistake)
		require.Less(t, len(err.Error()), 200)
		for _, found := range regexp.MustCompile(`:\s*"([^"\\]{16,})"`).FindAllStringSubmatch(text, -1) {
			require.NotContains(t, err.Error(), found[1])
		}
	})
}
