package phone

import (
	"regexp"
	"slices"
	"strings"
)

// plan is how numbers of one calling code are built.
type plan struct {
	code      string
	lengths   uint32 // of national numbers: bit n for n digits
	local     uint32 // of numbers that can be dialled within an area only
	pattern   string // of national numbers
	prefix    string // what is dialled in front of them within the country, "" for nothing
	transform string // what becomes of the prefix where it is not just dropped
	regions   []region
}

// region is a country, or one of those that share a calling code.
type region struct {
	country string // ISO 3166, "" for none
	leading string // how its national numbers begin
	pattern string // or else what they look like; "" for the only region of a plan
}

const (
	minNational  = 2 // digits
	maxNational  = 17
	maxCodeWidth = 3
)

// split finds the plan of a number that is digits alone.
func split(digits string) (p *plan, national string, ok bool) {
	for width := 1; width <= min(maxCodeWidth, len(digits)); width++ {
		at, found := slices.BinarySearchFunc(plans[:], digits[:width], func(p plan, code string) int { return byNumber(p.code, code) })
		if found {
			return &plans[at], digits[width:], true
		}
	}
	return nil, "", false
}

// byNumber orders calling codes as numbers.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// possible tells whether a national number has a length that the plan uses.
func (p *plan) possible(national string) bool {
	return len(national) >= minNational && len(national) <= maxNational && p.lengths&^p.local>>len(national)&1 == 1
}

// withoutPrefix drops what is dialled within the country only, where that leaves a number that can be one: a zero after the
// calling code is a part of the number in Italy, and a slip of the pen in Germany.
func (p *plan) withoutPrefix(national string) string {
	if p.prefix == "" || national == "" {
		return national
	}
	prefix := regexp.MustCompile("^(?:" + p.prefix + ")")
	found := prefix.FindStringSubmatchIndex(national)
	if found == nil {
		return national
	}
	stripped := national[found[1]:]
	if captured := found[len(found)-2] >= 0; p.transform != "" && captured {
		stripped = prefix.ReplaceAllString(national, p.transform)
	}
	if matches(p.pattern, national) && !matches(p.pattern, stripped) {
		return national
	}
	if tooLong := p.lengths>>len(stripped) == 0; !tooLong && !p.possible(stripped) {
		return national
	}
	return stripped
}

// country returns whose national number it is, "" when nobody's.
func (p *plan) country(national string) string {
	for _, r := range p.regions {
		switch {
		case r.leading != "":
			if regexp.MustCompile("^(?:" + r.leading + ")").MatchString(national) {
				return r.country
			}
		case r.pattern == "" || matches(r.pattern, national):
			return r.country
		}
	}
	return ""
}

// matches tells whether text is what the pattern, which was generated and therefore compiles, describes.
func matches(pattern, text string) bool {
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(text)
}
