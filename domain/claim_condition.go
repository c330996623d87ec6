package domain

import (
	"strconv"
	"strings"
)

// claimCondition says of which elements of a list a custom claim is made: (@.role == 'me' && !(@.age < 18)). @ is the element. A lone
// @.field holds when it is neither missing, null nor false. Values of different kinds are unequal, and neither is the smaller one.
type claimCondition interface {
	holds(element any) bool
	fields() [][]string // that it mentions, each as the names that lead to it from the element
}

type (
	anyOf      []claimCondition
	allOf      []claimCondition
	not        struct{ claimCondition }
	truth      struct{ claimOperand }
	comparison struct {
		operator    string
		left, right claimOperand
	}
)

// claimOperand is a constant or a field of the element.
type claimOperand struct {
	constant any
	isField  bool
	way      []string // to the field; empty for the element itself
}

// maxConditionDepth bounds how deep conditions stand in brackets.
const maxConditionDepth = 32

func (c anyOf) holds(element any) bool {
	for _, condition := range c {
		if condition.holds(element) {
			return true
		}
	}
	return false
}

func (c allOf) holds(element any) bool {
	for _, condition := range c {
		if !condition.holds(element) {
			return false
		}
	}
	return true
}

func (c not) holds(element any) bool { return !c.claimCondition.holds(element) }

func (c truth) holds(element any) bool {
	value := c.of(element)
	return value != nil && value != false
}

func (c comparison) holds(element any) bool {
	left, right := c.left.of(element), c.right.of(element)
	switch c.operator {
	case "==":
		return equalJSON(left, right)
	case "!=":
		return !equalJSON(left, right)
	}
	order, comparable := orderJSON(left, right)
	switch c.operator {
	case "<":
		return comparable && order < 0
	case "<=":
		return comparable && order <= 0
	case ">":
		return comparable && order > 0
	default:
		return comparable && order >= 0
	}
}

func (c anyOf) fields() [][]string      { return fieldsOf(c) }
func (c allOf) fields() [][]string      { return fieldsOf(c) }
func (c truth) fields() [][]string      { return c.mentioned() }
func (c comparison) fields() [][]string { return append(c.left.mentioned(), c.right.mentioned()...) }

func fieldsOf(conditions []claimCondition) (fields [][]string) {
	for _, condition := range conditions {
		fields = append(fields, condition.fields()...)
	}
	return fields
}

func (o claimOperand) mentioned() [][]string {
	if len(o.way) == 0 {
		return nil
	}
	return [][]string{o.way}
}

// of returns the operand's value for an element, nil where it has none.
func (o claimOperand) of(element any) any {
	if !o.isField {
		return o.constant
	}
	for _, name := range o.way {
		object, _ := element.(map[string]any)
		element = object[name]
	}
	return element
}

// jsonNumber is a number that keeps its digits.
type jsonNumber interface{ Float64() (float64, error) }

func numberOf(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case jsonNumber:
		number, err := n.Float64()
		return number, err == nil
	}
	return 0, false
}

// equalJSON compares constants with whatever an element holds; lists and objects equal nothing.
func equalJSON(a, b any) bool {
	if order, comparable := orderJSON(a, b); comparable {
		return order == 0
	}
	switch a.(type) {
	case nil, bool:
		return a == b
	}
	return false
}

// orderJSON compares two numbers or two strings.
func orderJSON(a, b any) (order int, comparable bool) {
	left, isNumber := numberOf(a)
	right, areNumbers := numberOf(b)
	if isNumber && areNumbers {
		switch {
		case left < right:
			return -1, true
		case left > right:
			return 1, true
		}
		return 0, true
	}
	one, isText := a.(string)
	other, areTexts := b.(string)
	return strings.Compare(one, other), isText && areTexts
}

// condition reads what stands between ?( and ).
func (s *claimScanner) condition() (claimCondition, error) { return s.either(0) }

func (s *claimScanner) either(depth int) (claimCondition, error) {
	var parts anyOf
	for {
		part, err := s.both(depth)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, part); !s.take("||") {
			return parts, nil
		}
	}
}

func (s *claimScanner) both(depth int) (claimCondition, error) {
	var parts allOf
	for {
		part, err := s.single(depth)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, part); !s.take("&&") {
			return parts, nil
		}
	}
}

// single reads a condition without && and ||, and the blanks around it.
func (s *claimScanner) single(depth int) (claimCondition, error) {
	if depth > maxConditionDepth {
		return nil, s.mistake("too many brackets")
	}
	s.blanks()
	if s.take("!") {
		inner, err := s.single(depth + 1)
		return not{inner}, err
	}
	if s.take("(") {
		inner, err := s.either(depth + 1)
		if err == nil && !s.take(")") {
			err = s.mistake("expected )")
		}
		s.blanks()
		return inner, err
	}
	return s.comparison()
}

func (s *claimScanner) comparison() (claimCondition, error) {
	left, err := s.operand()
	if err != nil {
		return nil, err
	}
	s.blanks()
	for _, operator := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if !s.take(operator) {
			continue
		}
		s.blanks()
		right, err := s.operand()
		s.blanks()
		return comparison{operator, left, right}, err
	}
	if !left.isField {
		return nil, s.mistake("expected == != < <= > or >=")
	}
	return truth{left}, nil
}

// operand reads @.field, 'text', "text", a number, true, false or null.
func (s *claimScanner) operand() (claimOperand, error) {
	if s.take("@") {
		operand := claimOperand{isField: true}
		for s.take(".") {
			name, err := s.name(false)
			if err != nil {
				return claimOperand{}, err
			}
			operand.way = append(operand.way, name)
		}
		return operand, nil
	}
	for _, quote := range []string{"'", `"`} {
		if s.take(quote) {
			text, err := s.quoted(quote[0])
			return claimOperand{constant: text}, err
		}
	}
	for word, value := range map[string]any{"true": true, "false": false, "null": nil} {
		if s.take(word) {
			return claimOperand{constant: value}, nil
		}
	}
	start := s.at
	for s.at < len(s.text) && strings.IndexByte("+-.0123456789eE", s.text[s.at]) >= 0 {
		s.at++
	}
	number, err := strconv.ParseFloat(s.text[start:s.at], 64)
	if err != nil {
		s.at = start
		return claimOperand{}, s.mistake("expected @.field, a text in quotes, a number, true, false or null")
	}
	return claimOperand{constant: number}, nil
}

// quoted reads to the closing quote. A backslash takes the next character as it is.
func (s *claimScanner) quoted(quote byte) (string, error) {
	var text strings.Builder
	for ; !s.done(); s.at++ {
		switch c := s.text[s.at]; {
		case c == quote:
			s.at++
			return text.String(), nil
		case c == '\\' && s.at+1 < len(s.text):
			s.at++
			text.WriteByte(s.text[s.at])
		default:
			text.WriteByte(c)
		}
	}
	return "", s.mistake("expected the closing quote")
}
