package mailtemplate

import (
	_ "embed"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

//go:embed preview.html
var previewPage string

// previewed is a line of the index.
type previewed struct {
	Template domain.Template
	Locale   string
	Subject  string
	HTML     string // the file's path from the index; "" for an SMS
	Text     string
	Body     string // of an SMS
	Origin   string
}

// Preview writes every template in every locale with sample values into dir: <locale>/<template>.html and .txt, index.html,
// which shows them all, and in source/ our own templates with their placeholders, to start custom ones from. It makes dir
// and overwrites what an earlier call wrote there.
func (t *Templates) Preview(dir string) error {
	locales, templates := t.Names()
	groups := map[domain.Template][]previewed{}
	for _, name := range templates {
		for _, locale := range locales {
			line, err := t.previewOne(dir, locale, name)
			if err != nil {
				return err
			}
			groups[name] = append(groups[name], line)
		}
	}
	for k, found := range t.builtin {
		for name, content := range found.files.byName() {
			if err := writeFile(content, dir, "source", k.locale, string(k.template), name); err != nil {
				return err
			}
		}
	}
	return writeFile(index(templates, groups), dir, "index.html")
}

// index returns the page that shows all previews.
func index(templates []domain.Template, groups map[domain.Template][]previewed) string {
	var links, sections strings.Builder
	for _, name := range templates {
		title := html.EscapeString(string(name))
		fmt.Fprintf(&links, "<a href=\"#%[1]s\">%[1]s</a>", title)
		fmt.Fprintf(&sections, "\n<h2 id=\"%[1]s\">%[1]s</h2>\n<div class=\"mails\">", title)
		for _, line := range groups[name] {
			sections.WriteString(line.section())
		}
		sections.WriteString("\n</div>")
	}
	return strings.NewReplacer("<!--links-->", links.String(), "<!--sections-->", sections.String()).Replace(previewPage)
}

// section shows one mail or SMS.
func (p previewed) section() string {
	escape := html.EscapeString
	link, content := "", fmt.Sprintf(`<p class="sms">%s</p>`, escape(p.Body))
	if p.HTML != "" {
		link = fmt.Sprintf(`<a href="%s">HTML</a> · `, escape(p.HTML))
		content = fmt.Sprintf(`<iframe src="%s" title="%s %s" sandbox="" loading="lazy"></iframe>`,
			escape(p.HTML), escape(string(p.Template)), escape(p.Locale))
	}
	return fmt.Sprintf("\n<section class=\"mail\">\n<header><b>%s</b>%s\n<p class=\"quiet\">%s · %s<a href=\"%s\">text</a></p></header>\n%s\n</section>",
		escape(p.Locale), escape(p.Subject), escape(p.Origin), link, escape(p.Text), content)
}

// previewOne writes one mail or SMS.
func (t *Templates) previewOne(dir, locale string, name domain.Template) (previewed, error) {
	mail, err := t.Render(t.sample(locale, name))
	if err != nil {
		return previewed{}, err
	}
	_, from, _ := t.find(locale, name)
	line := previewed{Template: name, Locale: locale, Subject: mail.Subject, Text: locale + "/" + string(name) + ".txt",
		Origin: "built in"}
	if from.custom {
		line.Origin = "custom"
	}
	if from.locale != locale {
		line.Origin += ", falls back to " + from.locale
	}
	text := mail.Text
	if mail.HTML == "" {
		line.Body = mail.Text
	} else {
		text = "Subject: " + mail.Subject + "\n\n" + mail.Text
		line.HTML = locale + "/" + string(name) + ".html"
		if err := writeFile(mail.HTML, dir, filepath.FromSlash(line.HTML)); err != nil {
			return previewed{}, err
		}
	}
	return line, writeFile(text, dir, filepath.FromSlash(line.Text))
}

// sample returns a message with every value set.
func (t *Templates) sample(locale string, name domain.Template) domain.Message {
	server := t.fixed["serverUrl"]
	if server == "" {
		server = "https://auth.example.com"
	}
	kind := map[domain.Template]string{
		domain.TemplateEmailVerify: "verifyEmail", domain.TemplateSignInPasswordless: "passwordlessEmail",
		domain.TemplatePasswordReset: "passwordReset", domain.TemplateEmailConfirmChange: "emailConfirmChange",
	}[name]
	ticket := kind + ":6f1c1c9e-2f0b-4c56-9a3d-5b7c0f7d2a41"
	redirectTo := "https://app.example.com/welcome"
	message := domain.Message{
		ID: "0c7f3f43-1d1a-4a0e-8f0b-7a5a4f2d9c11", Template: name, Locale: locale, To: "jane@example.com", DisplayName: "Jane Doe",
		Email: "jane@example.com", NewEmail: "jane.doe@example.org", Ticket: ticket, RedirectTo: redirectTo,
		Link: server + "/verify?" + url.Values{"redirectTo": {redirectTo}, "ticket": {ticket}, "type": {kind}}.Encode(),
	}
	switch name {
	case domain.TemplateSignInOTP:
		message.Ticket, message.Link = "274905", ""
	case domain.TemplateSignInSMS:
		message.Ticket, message.Link, message.To = "274905", "", "+15555550123"
	}
	return message
}

func writeFile(content string, path ...string) error {
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(content), 0o644)
}
