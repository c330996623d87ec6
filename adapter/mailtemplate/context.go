package mailtemplate

import (
	"html"
	"strings"
)

// context is where in a document a value stands. The zero context is plain text.
type context struct {
	html     bool // escape for HTML
	unquoted bool // inside a tag, but not in quotes
	alone    bool // unquoted and a whole attribute's value: it must not be empty
	url      bool // at the beginning of a link's address
}

// escape returns value, which clean has seen, so that it can't end what it stands in. An address that would run a script
// or open a local file becomes "".
func (c context) escape(value string) string {
	if !c.html {
		return value
	}
	if c.url && !harmlessURL(value) {
		value = ""
	}
	value = html.EscapeString(value)
	if !c.unquoted {
		return value
	}
	if value == "" && c.alone {
		return `""`
	}
	return strings.NewReplacer(" ", "&#32;", "=", "&#61;", "`", "&#96;").Replace(value)
}

// harmlessURL tells whether a link may lead there: http, https, the schemes of apps, and whatever has no scheme.
func harmlessURL(address string) bool {
	address = strings.TrimLeft(address, " ")
	end := strings.IndexAny(address, ":/?#")
	if end < 0 || address[end] != ':' {
		return true
	}
	switch strings.ToLower(strings.TrimRight(address[:end], " ")) {
	case "javascript", "vbscript", "data", "blob", "file", "filesystem", "about", "view-source":
		return false
	}
	return true
}

// htmlScanner follows HTML from placeholder to placeholder and knows whether it is inside a tag and inside quotes. What
// stands in comments counts as HTML, for in conditional comments it is.
type htmlScanner struct {
	tag    bool
	quote  byte // the quote that ends the attribute's value, or 0
	equals bool // an equals sign was the last that was not white space
	url    bool // a link's address has just begun
}

// context reads on up to the next value and tells where that stands. What follows the value is only looked at.
func (s *htmlScanner) context(literal, following string) context {
	s.read(literal)
	if literal != "" {
		s.url = s.tag && beginsURL(literal)
	}
	c := context{html: true, unquoted: s.tag && s.quote == 0, url: s.url}
	c.alone = c.unquoted && s.equals && following != "" && strings.IndexByte(" \t\r\n>", following[0]) >= 0
	s.equals = false
	return c
}

func (s *htmlScanner) read(text string) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case s.quote != 0:
			if c == s.quote {
				s.quote = 0
			}
		case !s.tag:
			s.tag = c == '<' && (i+1 == len(text) || text[i+1] == '/' || isLetter(text[i+1]))
		case c == '>':
			s.tag = false
		case s.equals && (c == '"' || c == '\''):
			s.quote = c
		}
		if strings.IndexByte(" \t\r\n", c) < 0 {
			s.equals = c == '='
		}
	}
}

func isLetter(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z'
}

// beginsURL tells whether text ends where the value of an attribute that holds an address begins.
func beginsURL(text string) bool {
	text = strings.TrimRight(text, " \t\r\n")
	if last := len(text) - 1; last >= 0 && (text[last] == '"' || text[last] == '\'') {
		text = strings.TrimRight(text[:last], " \t\r\n")
	}
	text, found := strings.CutSuffix(text, "=")
	if !found {
		return false
	}
	text = strings.ToLower(strings.TrimRight(text, " \t\r\n"))
	switch text[strings.LastIndexAny(text, " \t\r\n\"'/<")+1:] {
	case "href", "src", "action", "formaction", "background", "xlink:href":
		return true
	}
	return false
}
