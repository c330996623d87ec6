package domain

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ClaimPath is where in what Hasura knows about a user a custom claim is found:
//
//	defaultRole            a column, or a field of an object relationship behind a dot
//	metadata.plan.name     a value inside of the user's metadata
//	roles[].role           the field of every element of a list; [*] means the same
//	roles[0].role          that of one element
//	roles[?(@.role == 'me')].role   that of the elements for which the condition holds
//	teams.members.id[]     with [] at the end, every list on the way is gone through, and lists in lists stay lists
//
// The zero value leads nowhere; ParseClaimPath makes others.
type ClaimPath struct {
	text   string
	steps  []claimStep
	list   bool // the claim is a list, whatever is found
	nested bool // [] stands at the end
}

type claimStep struct {
	name  string
	picks []claimPick
}

// claimPick takes elements out of a list: all, one, or those that a condition holds for.
type claimPick struct {
	kind      pickKind
	index     int
	condition claimCondition
}

type pickKind int

const (
	pickAll pickKind = iota
	pickOne
	pickWhere
)

// metadataColumn holds any JSON. It is asked for as a whole, because Hasura does not know what is in it.
const metadataColumn = "metadata"

// maxClaimPath bounds the text of a path, in bytes.
const maxClaimPath = 1024

// ParseClaimPath reads a path. The error says where it stops making sense, counted in bytes from 1.
func ParseClaimPath(text string) (ClaimPath, error) {
	if len(text) > maxClaimPath {
		return ClaimPath{}, fmt.Errorf("is longer than %d bytes", maxClaimPath)
	}
	s := &claimScanner{text: text}
	var path ClaimPath
	for {
		step, err := s.step(len(path.steps) > 0 && path.steps[0].name == metadataColumn)
		if err != nil {
			return ClaimPath{}, err
		}
		path.steps = append(path.steps, step)
		path.list = path.list || slices.ContainsFunc(step.picks, func(p claimPick) bool { return p.kind != pickOne })
		if s.done() {
			path.text, path.nested = text, strings.HasSuffix(text, "[]")
			return path, nil
		}
		if !s.take(".") {
			return ClaimPath{}, s.mistake("expected . or [")
		}
	}
}

// String returns the path as it was read.
func (p ClaimPath) String() string { return p.text }

// IsList tells whether the claim is a list, even an empty one, and never a single value.
func (p ClaimPath) IsList() bool { return p.list }

// Fields returns the fields that must be asked for, each as the names that lead to it from the user.
func (p ClaimPath) Fields() [][]string {
	if len(p.steps) == 0 {
		return nil
	}
	if p.steps[0].name == metadataColumn {
		return [][]string{{metadataColumn}}
	}
	var fields [][]string
	way := make([]string, 0, len(p.steps))
	for _, step := range p.steps {
		way = append(way, step.name)
		for _, pick := range step.picks {
			if pick.condition == nil {
				continue
			}
			for _, mentioned := range pick.condition.fields() {
				fields = append(fields, slices.Concat(way, mentioned))
			}
		}
	}
	return append(fields, way)
}

// Value follows the path from user, which is JSON as CustomClaims have it. found is false where a field is missing or null on the way
// or at its end; for a list it is true once the list was reached, even when it is empty.
func (p ClaimPath) Value(user any) (value any, found bool) {
	if p.nested {
		value, found = followNested(user, p.steps)
		if list, isList := value.([]any); isList || !found {
			return value, found && list != nil
		}
		return []any{value}, value != nil
	}
	nodes, reached := []any{user}, false
	for _, step := range p.steps {
		nodes = step.fields(nodes)
		for _, pick := range step.picks {
			nodes, reached = pick.from(nodes, reached)
		}
	}
	if p.list {
		return nodes, reached
	}
	if len(nodes) == 0 {
		return nil, false
	}
	return nodes[0], nodes[0] != nil
}

// fields returns the field that the step names of each node that has it.
func (s claimStep) fields(nodes []any) []any {
	found := make([]any, 0, len(nodes))
	for _, node := range nodes {
		if object, isObject := node.(map[string]any); isObject {
			if value, has := object[s.name]; has {
				found = append(found, value)
			}
		}
	}
	return found
}

// from returns what is picked out of the nodes that are lists. reached becomes true when one was.
func (p claimPick) from(nodes []any, reached bool) ([]any, bool) {
	picked := make([]any, 0, len(nodes))
	for _, node := range nodes {
		list, isList := node.([]any)
		if !isList {
			continue
		}
		reached = true
		for i, element := range list {
			if p.kind == pickAll || p.kind == pickOne && p.index == i || p.kind == pickWhere && p.condition.holds(element) {
				picked = append(picked, element)
			}
		}
	}
	return picked, reached
}

// followNested goes through every list on the way.
func followNested(value any, steps []claimStep) (any, bool) {
	if list, isList := value.([]any); isList {
		found := make([]any, 0, len(list))
		for _, element := range list {
			if inner, ok := followNested(element, steps); ok {
				found = append(found, inner)
			}
		}
		return found, true
	}
	if len(steps) == 0 {
		return value, true
	}
	object, isObject := value.(map[string]any)
	next, has := object[steps[0].name]
	if !isObject || !has {
		return nil, false
	}
	for _, pick := range steps[0].picks {
		if pick.kind == pickAll {
			continue // it is gone through anyway
		}
		picked, reached := pick.from([]any{next}, false)
		if !reached || pick.kind == pickOne && len(picked) == 0 {
			return nil, false
		}
		if next = any(picked); pick.kind == pickOne {
			next = picked[0]
		}
	}
	return followNested(next, steps[1:])
}

// claimScanner reads a path from its beginning to its end.
type claimScanner struct {
	text string
	at   int // bytes that are read
}

func (s *claimScanner) done() bool { return s.at == len(s.text) }

// take reads token if it comes next.
func (s *claimScanner) take(token string) bool {
	if !strings.HasPrefix(s.text[s.at:], token) {
		return false
	}
	s.at += len(token)
	return true
}

func (s *claimScanner) blanks() {
	for s.take(" ") {
	}
}

func (s *claimScanner) mistake(wanted string) error {
	return fmt.Errorf("%s at position %d", wanted, s.at+1)
}

// step reads a name and the brackets behind it. Names are GraphQL's, because they become part of a query; below metadata they are
// any keys.
func (s *claimScanner) step(free bool) (claimStep, error) {
	name, err := s.name(free)
	step := claimStep{name: name}
	for err == nil && s.take("[") {
		var pick claimPick
		if pick, err = s.pick(); err == nil {
			step.picks = append(step.picks, pick)
		}
	}
	return step, err
}

func (s *claimScanner) name(free bool) (string, error) {
	start := s.at
	for s.at < len(s.text) && isNameByte(s.text[s.at], s.at > start, free) {
		s.at++
	}
	if s.at == start {
		return "", s.mistake("expected the name of a field")
	}
	return s.text[start:s.at], nil
}

// isNameByte tells whether c may stand in a name (GraphQL, October 2021, §2.1.9).
func isNameByte(c byte, inside, free bool) bool {
	letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	digit := c >= '0' && c <= '9'
	return letter || digit && inside || free && c > ' ' && c != 0x7f && !strings.ContainsRune(".[]", rune(c))
}

// pick reads what stands in brackets, the closing one included.
func (s *claimScanner) pick() (claimPick, error) {
	switch {
	case s.take("]"), s.take("*]"):
		return claimPick{kind: pickAll}, nil
	case s.take("?("):
		condition, err := s.condition()
		if err == nil && !s.take(")]") {
			err = s.mistake("expected )]")
		}
		return claimPick{kind: pickWhere, condition: condition}, err
	}
	start := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	index, err := strconv.Atoi(s.text[start:s.at])
	if err == nil && !s.take("]") {
		err = errors.New("no bracket")
	}
	if err != nil {
		return claimPick{}, s.mistake("expected ], *], a number and ], or ?(")
	}
	return claimPick{kind: pickOne, index: index}, nil
}
