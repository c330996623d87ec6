package phone

import (
	"slices"
	"strings"
	"unicode"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

const (
	maxText = 64 // bytes
	maxE164 = 16 // characters, the plus sign included; ITU-T E.164 §6.1
	field   = "phoneNumber"
)

// Numbers is a port.PhoneNumbers. The zero value is ready for use.
type Numbers struct{}

var _ port.PhoneNumbers = Numbers{}

// Parse reads international numbers: those that begin with + or 00. Spaces, dashes, brackets, dots, slashes and the invisible
// characters that address books add are ignored.
//
// A number has to be possible, that is of a length that its country uses, rather than valid, that is of a range that was
// assigned when the tables were made: ranges are opened all the time, and whoever has such a number must not be locked out
// until the server is updated. Whether a number exists is for the gateway to find out. The country is "" for numbers that
// belong to none, such as +800, and for those of an unassigned range of a calling code that several countries share, such as +1.
func (Numbers) Parse(text string) (e164, country string, err error) {
	digits, ok := international(text)
	if !ok {
		return "", "", refusal("must be an international phone number such as +12025550123")
	}
	e164, country, ok = parse(digits)
	if !ok {
		return "", "", refusal("is no possible phone number")
	}
	// Some notations are read differently a second time (a national prefix that was written twice). One account, one number.
	if again, _, ok := parse(e164); !ok || again != e164 {
		return "", "", refusal("is no possible phone number")
	}
	return e164, country, nil
}

func refusal(reason string) error {
	return &domain.FieldError{Code: domain.SchemaValidation, Field: field, Reason: reason}
}

// international returns a plus sign and digits.
func international(text string) (string, bool) {
	if len(text) > maxText {
		return "", false
	}
	var digits strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9', r == '+' && digits.Len() == 0:
			digits.WriteRune(r)
		case strings.ContainsRune("()[]./", r), unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf):
		default:
			return "", false
		}
	}
	number := digits.String()
	if rest, found := strings.CutPrefix(number, "00"); found {
		number = "+" + rest
	}
	return number, strings.HasPrefix(number, "+")
}

// parse reads a plus sign and digits.
func parse(number string) (e164, country string, ok bool) {
	p, national, ok := split(strings.TrimPrefix(number, "+"))
	if !ok {
		return "", "", false
	}
	national = p.withoutPrefix(national)
	if e164 = "+" + p.code + national; !p.possible(national) || len(e164) > maxE164 {
		return "", "", false
	}
	return e164, p.country(national), true
}

// Country tells whether numbers of a country (ISO 3166) are told apart.
func (Numbers) Country(country string) bool {
	return country != "" && slices.ContainsFunc(plans[:], func(p plan) bool {
		return slices.ContainsFunc(p.regions, func(r region) bool { return r.country == country })
	})
}
