package mailtemplate

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText returns what a reader sees of an HTML document, as text: paragraphs, line breaks, lists, and the addresses of
// links in angle brackets (RFC 3986 appendix C). Placeholders stay what they are. The error says that the document is
// nested too deeply.
func plainText(document string) (string, error) {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return "", err
	}
	var w textWriter
	w.walk(root)
	return w.String() + "\n", nil
}

// textWriter collects text. Breaks are written before the text that follows them, so none is left at the end.
type textWriter struct {
	strings.Builder
	lines int  // line breaks owed
	space bool // a space owed
}

func (w *textWriter) text(s string) {
	words := strings.Fields(s)
	if len(words) == 0 {
		w.space = w.space || s != ""
		return
	}
	switch {
	case w.Len() == 0:
	case w.lines > 0:
		w.WriteString(strings.Repeat("\n", w.lines))
	case w.space || strings.TrimLeft(s, " \t\r\n\u00a0") != s:
		w.WriteByte(' ')
	}
	w.lines = 0
	w.WriteString(strings.Join(words, " "))
	w.space = strings.TrimRight(s, " \t\r\n\u00a0") != s
}

// newLines asks for n line breaks before what follows; two make an empty line.
func (w *textWriter) newLines(n int) {
	w.lines = max(w.lines, n)
}

func (w *textWriter) walk(node *html.Node) {
	switch {
	case node.Type == html.TextNode:
		w.text(node.Data)
		return
	case node.Type != html.ElementNode:
		w.children(node)
		return
	case hidden(node):
		return
	}
	switch node.DataAtom {
	case atom.Br:
		w.lines = min(w.lines+1, 2)
	case atom.Hr:
		w.newLines(2)
		w.text("---")
		w.newLines(2)
	case atom.Img:
		w.text(attribute(node, "alt"))
	case atom.A:
		w.link(node)
	case atom.Li:
		w.newLines(1)
		w.text("- ")
		w.children(node)
		w.newLines(1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre:
		w.newLines(2)
		w.children(node)
		w.newLines(2)
	case atom.Div, atom.Tr, atom.Section, atom.Header, atom.Footer, atom.Center, atom.Article, atom.Main:
		w.newLines(1)
		w.children(node)
		w.newLines(1)
	case atom.Td, atom.Th:
		w.space = true
		w.children(node)
	default:
		w.children(node)
	}
}

func (w *textWriter) children(node *html.Node) {
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		w.walk(child)
	}
}

// link writes what the link says and where it leads, once if that is the same.
func (w *textWriter) link(node *html.Node) {
	var inner textWriter
	inner.children(node)
	said, address := inner.String(), strings.TrimSpace(attribute(node, "href"))
	w.text(said)
	switch {
	case address == "" || strings.HasPrefix(address, "#"), said == address, "mailto:"+said == address:
	case said == "":
		w.text(address)
	default:
		w.text(" <" + address + ">")
	}
}

// hidden tells whether nothing of an element is to be seen.
func hidden(node *html.Node) bool {
	switch node.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript:
		return true
	}
	style := strings.ToLower(strings.Join(strings.Fields(attribute(node, "style")), ""))
	return strings.Contains(style, "display:none")
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
