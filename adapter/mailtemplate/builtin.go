package mailtemplate

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"path"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

//go:embed builtin
var builtinFiles embed.FS

// wording is the content of builtin/<locale>.json, with placeholders.
type wording struct {
	Dir      string                           `json:"dir"`      // the direction of writing, ltr or rtl
	OpenLink string                           `json:"openLink"` // above the link, in plain text
	CopyLink string                           `json:"copyLink"` // above the link, below the button
	SMS      string                           `json:"sms"`      // of domain.TemplateSignInSMS
	Mails    map[domain.Template]mailSnippets `json:"mails"`
}

// mailSnippets is what is different in each mail. Without a button the mail shows a code.
type mailSnippets struct {
	Subject   string `json:"subject"`
	Heading   string `json:"heading"`
	Preheader string `json:"preheader"` // what a list of mails shows beside the subject
	Body      string `json:"body"`
	Button    string `json:"button"`
	Validity  string `json:"validity"`
	NotYou    string `json:"notYou"`
}

// loadBuiltin puts our own templates together, with the client's address or without.
func loadBuiltin(client bool) (map[key]entry, error) {
	names, err := fs.Glob(builtinFiles, "builtin/*.json")
	if err != nil {
		return nil, err
	}
	entries := map[key]entry{}
	for _, name := range names {
		if err := loadWording(name, client, entries); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return entries, nil
}

// loadWording adds the templates of one language to entries.
func loadWording(name string, client bool, entries map[key]entry) error {
	text, err := builtinFiles.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var words wording
	if err := decoder.Decode(&words); err != nil {
		return err
	}
	locale := strings.TrimSuffix(path.Base(name), ".json")
	contents := map[domain.Template]files{domain.TemplateSignInSMS: {bodyText: words.SMS}}
	for mail, snippets := range words.Mails {
		contents[mail] = words.compose(locale, snippets, client)
	}
	for mail, content := range contents {
		if entries[key{locale, mail}], err = content.parse(); err != nil {
			return fmt.Errorf("%s: %w", mail, err)
		}
	}
	return nil
}

// compose puts one mail together from the layout and its parts, with the client's address or without.
func (w wording) compose(locale string, m mailSnippets, client bool) files {
	action, copyLink, plainAction := part("code.html"), "", "    ${ticket}"
	if m.Button != "" {
		action, copyLink, plainAction = part("button.html"), part("copy_link.html"), w.OpenLink+"\n${link}"
	}
	brand, plainClient := "", ""
	if client {
		brand, plainClient = part("brand.html"), "\n\n${clientUrl}"
	}
	escape := html.EscapeString
	page := strings.NewReplacer("<!--brand-->", brand, "<!--action-->", action, "<!--copy link-->", copyLink).Replace(part("layout.html"))
	return files{
		subject: m.Subject,
		bodyHTML: strings.NewReplacer(
			"{locale}", locale, "{dir}", w.Dir, "{subject}", escape(m.Subject), "{preheader}", escape(m.Preheader)+padding,
			"{heading}", escape(m.Heading), "{body}", strong(escape(m.Body)), "{button}", escape(m.Button),
			"{validity}", escape(m.Validity), "{copyLink}", escape(w.CopyLink), "{notYou}", escape(m.NotYou),
		).Replace(page),
		bodyText: m.Heading + "\n\n" + m.Body + "\n\n" + plainAction + "\n\n" + m.Validity + "\n" + m.NotYou + plainClient + "\n",
	}
}

// padding keeps the mail's text out of the preview behind a short preheader.
var padding = strings.Repeat("&#847;&#8204;&#160;", 40)

// part returns a piece of the layout.
func part(name string) string {
	text, err := builtinFiles.ReadFile("builtin/" + name)
	if err != nil {
		panic(err) // embedded: it is there as it is in the tests
	}
	return string(text)
}

// strong makes the new address stand out in a sentence that is HTML already.
func strong(sentence string) string {
	return strings.ReplaceAll(sentence, "${newEmail}", `<strong class="strong" style="color:#111827;">${newEmail}</strong>`)
}
