package mailtemplate

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/hexauth/hexauth/domain"
)

// lastLocale is the locale in which every template exists.
const lastLocale = "en"

// Options say where templates come from and what is the same in all of them.
type Options struct {
	Dir           string // the folder of custom templates; "" for none
	DefaultLocale string // what a locale without the template falls back to; "" is "en"
	ServerURL     string // ${serverUrl}
	ClientURL     string // ${clientUrl}; may be ""
}

// Templates renders messages. It is port.Templates. It never changes after New and is safe for concurrent use.
type Templates struct {
	custom, builtin map[key]entry
	defaultLocale   string
	fixed           map[string]string // the values that are the same in every message
}

// key names one template in one language.
type key struct {
	locale   string
	template domain.Template
}

// entry is a template ready for use. Of an SMS only the text has content.
type entry struct {
	files               files
	subject, html, text document
}

// New loads and checks every template. The error names each broken custom template by its file, all at once.
func New(options Options) (*Templates, error) {
	builtin, err := loadBuiltin(options.ClientURL != "")
	if err != nil {
		return nil, err
	}
	custom, err := loadCustom(options.Dir)
	if err != nil {
		return nil, err
	}
	if options.DefaultLocale == "" {
		options.DefaultLocale = lastLocale
	}
	host := options.ClientURL
	if u, err := url.Parse(options.ClientURL); err == nil && u.Host != "" {
		host = u.Host
	}
	return &Templates{custom: custom, builtin: builtin, defaultLocale: options.DefaultLocale, fixed: map[string]string{
		"serverUrl":  clean(options.ServerURL),
		"clientUrl":  clean(options.ClientURL),
		"clientHost": clean(host),
	}}, nil
}

// Render returns the message in words: in its locale, else in the default locale, else in English, and in each of them in
// the operator's words before ours. The subject is a single line. An SMS has neither subject nor HTML. The only error is a
// template that doesn't exist.
func (t *Templates) Render(message domain.Message) (domain.Mail, error) {
	found, _, ok := t.find(message.Locale, message.Template)
	if !ok {
		return domain.Mail{}, fmt.Errorf("there is no mail template %q", message.Template)
	}
	values := t.values(message)
	return domain.Mail{
		Message: message,
		Subject: clean(found.subject.expand(values)),
		HTML:    found.html.expand(values),
		Text:    found.text.expand(values),
	}, nil
}

// Names returns the locales that have a template of their own, sorted, and all the templates. Every template can be
// rendered in every locale.
func (t *Templates) Names() (locales []string, templates []domain.Template) {
	seen := map[string]bool{}
	for _, entries := range []map[key]entry{t.custom, t.builtin} {
		for k := range entries {
			seen[k.locale] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), allTemplates()
}

// allTemplates returns the templates in the order in which people look at them.
func allTemplates() []domain.Template {
	return append(mailTemplates(), domain.TemplateSignInSMS)
}

func mailTemplates() []domain.Template {
	return []domain.Template{
		domain.TemplateEmailVerify, domain.TemplateSignInPasswordless, domain.TemplateSignInOTP,
		domain.TemplatePasswordReset, domain.TemplateEmailConfirmChange,
	}
}

// origin tells which template was taken.
type origin struct {
	locale string
	custom bool
}

func (t *Templates) find(locale string, template domain.Template) (entry, origin, bool) {
	for _, candidate := range []string{locale, t.defaultLocale, lastLocale} {
		if found, ok := t.custom[key{candidate, template}]; ok {
			return found, origin{candidate, true}, true
		}
		if found, ok := t.builtin[key{candidate, template}]; ok {
			return found, origin{candidate, false}, true
		}
	}
	return entry{}, origin{}, false
}

// values returns what the placeholders stand for, not yet escaped.
func (t *Templates) values(message domain.Message) map[string]string {
	values := maps.Clone(t.fixed)
	for name, value := range map[string]string{
		"link": message.Link, "displayName": message.DisplayName, "email": message.Email, "newEmail": message.NewEmail,
		"ticket": message.Ticket, "code": message.Ticket, "redirectTo": message.RedirectTo, "locale": message.Locale,
	} {
		values[name] = clean(value)
	}
	return values
}
