package phone_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/phone"
	"github.com/hexauth/hexauth/domain"
)

func TestParse_ReadsInternationalNumbersHoweverTheyAreWritten(t *testing.T) {
	for text, want := range map[string][2]string{
		"+12025550123":                   {"+12025550123", "US"},
		" +1 (202) 555-0123 ":            {"+12025550123", "US"},
		"+1.202.555.0123":                {"+12025550123", "US"},
		"001 202/555 0123":               {"+12025550123", "US"},
		"+1\u00a0202\u2011555\u20130123": {"+12025550123", "US"}, // no-break space, no-break hyphen, dash
		"\u202d+1 202 555 0123\u202c":    {"+12025550123", "US"}, // as copied from an address book
		"(+1) 202 555 0123":              {"+12025550123", "US"},
		"+49 (0)151 2345 6789":           {"+4915123456789", "DE"}, // the national prefix goes
		"0049-151-23456789":              {"+4915123456789", "DE"},
		"+39 06 1234 5678":               {"+390612345678", "IT"}, // the leading zero stays
		"+44 20 7946 0018":               {"+442079460018", "GB"},
		"+41 79 123 45 67":               {"+41791234567", "CH"},
		"+64 21 123 4567":                {"+64211234567", "NZ"},
		"+55 11 91234-5678":              {"+5511912345678", "BR"},
	} {
		e164, country, err := phone.Numbers{}.Parse(text)
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, [2]string{e164, country}, "%q", text)
	}
}

func TestParse_TellsCountriesOfOneCallingCodeApart(t *testing.T) {
	for text, want := range map[string]string{
		"+14165550123": "CA", "+18765551234": "JM", "+18095551234": "DO", "+12025550123": "US",
		"+79161234567": "RU", "+77011234567": "KZ", "+447781123456": "GG", "+4779123456": "SJ", "+262692123456": "RE",
	} {
		_, country, err := phone.Numbers{}.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, country, text)
	}
}

func TestParse_TakesPossibleNumbersOfUnassignedRangesButGuessesNoCountry(t *testing.T) {
	for _, text := range []string{"+15551234567", "+447700900123", "+80012345678", "+881612345678", "+870123456789"} {
		e164, country, err := phone.Numbers{}.Parse(text)
		require.NoError(t, err)
		require.Equal(t, [2]string{text, ""}, [2]string{e164, country})
	}
}

func TestParse_RefusesNumbersWithoutACountry(t *testing.T) {
	for _, text := range []string{
		"", " ", "2025550123", "(202) 555-0123", "0151 23456789", "12025550123", "0", "1+2025550123", "++12025550123",
		"jane@example.com", "+1202555CALL", "+12025550123 ext. 5", "+12025550123;ext=5", "tel:+12025550123", "+1202555\x000123",
		"+١٢٠٢٥٥٥٠١٢٣", "＋12025550123", "+1 202 555 0123,+1 202 555 0124", "+12025550123" + strings.Repeat(" ", 60), "+1202\xff5550123",
	} {
		requireRefused(t, text, "must be an international phone number such as +12025550123")
	}
}

func TestParse_RefusesImpossibleNumbers(t *testing.T) {
	for _, text := range []string{
		"+", "00", "+1", "+12", "+1202555012", "+120255501234", "+999123456", "+0012025550123", "+5550123", "+49" + strings.Repeat("1", 20),
		"+491234567890123456", "000012025550123", "+44 0 0 20 7946 0018",
	} {
		requireRefused(t, text, "is no possible phone number")
	}
}

func requireRefused(t *testing.T, text, reason string) {
	t.Helper()
	e164, country, err := phone.Numbers{}.Parse(text)
	require.Equal(t, &domain.FieldError{Code: domain.SchemaValidation, Field: "phoneNumber", Reason: reason}, err, "%q", text)
	require.Empty(t, e164+country)
}

var (
	e164Syntax    = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	countrySyntax = regexp.MustCompile(`^([A-Z]{2})?$`)
)

// FuzzParse reads phone numbers. What is accepted is one number in E.164.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"+12025550123", "0049 (0)151 23456789", "+39 06 1234 5678", "+800 1234 5678", "+", "\xff", "+44 00 20"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e164, country, err := phone.Numbers{}.Parse(text)
		if err != nil {
			var refused *domain.FieldError
			require.True(t, errors.As(err, &refused))
			require.Equal(t, "phoneNumber", refused.Field)
			require.Empty(t, e164+country)
			return
		}
		require.Regexp(t, e164Syntax, e164)
		require.Regexp(t, countrySyntax, country)
		again, sameCountry, err := phone.Numbers{}.Parse(e164)
		require.NoError(t, err)
		require.Equal(t, [2]string{e164, country}, [2]string{again, sameCountry})
	})
}
