package mailtemplate

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"

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

// layoutData is what the layouts are filled with.
type layoutData struct {
	wording
	mailSnippets
	Locale  string
	Client  bool   // there is a client URL to show
	Padding string // keeps the mail's text out of the preview behind a short preheader
}

// loadBuiltin puts our own templates together, with the client's address or without.
func loadBuiltin(client bool) (map[key]entry, error) {
	layouts, err := template.New("").Funcs(template.FuncMap{"strong": strong}).ParseFS(builtinFiles, "builtin/layout.*")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(builtinFiles, "builtin/*.json")
	if err != nil {
		return nil, err
	}
	entries := map[key]entry{}
	for _, name := range names {
		if err := loadWording(layouts, name, client, entries); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return entries, nil
}

// loadWording adds the templates of one language to entries.
func loadWording(layouts *template.Template, name string, client bool, entries map[key]entry) error {
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
		data := layoutData{wording: words, mailSnippets: snippets, Locale: locale, Client: client,
			Padding: strings.Repeat("&#847;&#8204;&#160;", 40)}
		var html, plain strings.Builder
		if err := layouts.ExecuteTemplate(&html, "layout.html", data); err != nil {
			return err
		}
		if err := layouts.ExecuteTemplate(&plain, "layout.txt", data); err != nil {
			return err
		}
		contents[mail] = files{subject: snippets.Subject, bodyHTML: html.String(), bodyText: plain.String()}
	}
	for mail, content := range contents {
		if entries[key{locale, mail}], err = content.parse(); err != nil {
			return fmt.Errorf("%s: %w", mail, err)
		}
	}
	return nil
}

// strong makes the new address stand out in a sentence that is HTML already.
func strong(sentence string) string {
	return strings.ReplaceAll(sentence, "${newEmail}", `<strong class="strong" style="color:#111827;">${newEmail}</strong>`)
}
