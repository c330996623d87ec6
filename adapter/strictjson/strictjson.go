package strictjson

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	maxDepth        = 100 // levels of objects and lists, the outermost included
	maxNumberLength = 64  // characters
)

// Decode reads exactly one JSON value. Errors say what is wrong and repeat nothing of the text.
//
// The text is read once more by whoever gets it, and metadata is stored as it came. So beyond bad syntax Decode refuses what two
// readers understand differently or a database can't keep: a name given twice in one object (RFC 8259 §4), half of a surrogate pair
// (§8.2), numbers no float64 comes near to (§6), and nesting without end (§9).
func Decode(data []byte) (any, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil { // refuses anything after the value, too
		return nil, errors.New("is not valid JSON")
	}
	s := survey{text: string(data)}
	s.run()
	switch {
	case s.depth > maxDepth:
		return nil, errors.New("must not have more than " + strconv.Itoa(maxDepth) + " levels")
	case s.badNumber:
		return nil, errors.New("has a number that is too long or too close to zero")
	case s.halfPair:
		return nil, errors.New("has half of a surrogate pair")
	case s.members != members(value):
		return nil, errors.New("has a name twice in one object")
	}
	return value, nil
}

// members counts the members of all objects in a decoded value, which has only one of those with equal names.
func members(value any) int {
	count := 0
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			count += members(element)
		}
	case map[string]any:
		count = len(value)
		for _, element := range value {
			count += members(element)
		}
	}
	return count
}

// survey goes once through a text that is valid JSON and notes what a decoded value no longer shows.
type survey struct {
	text string
	at   int

	members   int // of all objects
	depth     int // the greatest
	halfPair  bool
	badNumber bool
}

func (s *survey) run() {
	depth := 0
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case '"':
			s.skipString()
		case ':':
			s.members++
		case '{', '[':
			depth++
			s.depth = max(s.depth, depth)
		case '}', ']':
			depth--
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			s.skipNumber()
		}
	}
}

// skipString goes from the opening quote to the closing one.
func (s *survey) skipString() {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] != '\\' {
			continue
		}
		s.at++
		unit, escaped := escapedUnit(s.text[s.at-1:])
		if !escaped || !utf16.IsSurrogate(unit) {
			continue
		}
		s.at += len("uXXXX")
		low, _ := escapedUnit(s.text[s.at:])
		if utf16.DecodeRune(unit, low) == '\uFFFD' {
			s.halfPair = true
			s.at--
			continue
		}
		s.at += len(`\uXXX`)
	}
}

// escapedUnit returns the UTF-16 code unit of the \uXXXX that text begins with.
func escapedUnit(text string) (unit rune, found bool) {
	if !strings.HasPrefix(text, `\u`) {
		return 0, false
	}
	parsed, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(parsed), err == nil
}

// skipNumber goes to the last character of a number. encoding/json has refused those that are too large for a float64; those
// that are too small become zero.
func (s *survey) skipNumber() {
	length := len(s.text) - s.at
	if end := strings.IndexAny(s.text[s.at:], ",]} \t\r\n"); end >= 0 {
		length = end
	}
	number := s.text[s.at : s.at+length]
	s.at += length - 1
	mantissa := number
	if e := strings.IndexAny(number, "eE"); e >= 0 {
		mantissa = number[:e]
	}
	parsed, _ := strconv.ParseFloat(number, 64)
	if len(number) > maxNumberLength || parsed == 0 && strings.ContainsAny(mantissa, "123456789") {
		s.badNumber = true
	}
}
