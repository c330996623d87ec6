package mailtemplate_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hexauth/hexauth/adapter/mailtemplate"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

var _ port.Templates = (*mailtemplate.Templates)(nil)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	serverURL = "https://auth.example.com/v1"
	clientURL = "https://app.example.com"
)

func shipped(t *testing.T) *mailtemplate.Templates {
	t.Helper()
	templates, err := mailtemplate.New(mailtemplate.Options{ServerURL: serverURL, ClientURL: clientURL})
	require.NoError(t, err)
	return templates
}

// message has a value for everything that the template may show.
func message(locale string, template domain.Template) domain.Message {
	m := domain.Message{
		ID: "0c7f3f43-1d1a-4a0e-8f0b-7a5a4f2d9c11", Template: template, Locale: locale, To: "jane@example.com", DisplayName: "Jane Doe",
		Email: "jane@example.com", NewEmail: "jane.doe@example.org", RedirectTo: "https://app.example.com/?a=1&b=2",
		Ticket: "purpose:6f1c1c9e-2f0b-4c56-9a3d-5b7c0f7d2a41",
		Link:   serverURL + "/verify?ticket=purpose%3A6f1c1c9e-2f0b-4c56-9a3d-5b7c0f7d2a41&type=purpose",
	}
	if template == domain.TemplateSignInOTP || template == domain.TemplateSignInSMS {
		m.Ticket, m.Link = "012345", ""
	}
	return m
}

// eachShipped calls check with each of our mails and SMS.
func eachShipped(t *testing.T, check func(t *testing.T, mail domain.Mail)) {
	templates := shipped(t)
	locales, names := templates.Names()
	for _, locale := range locales {
		for _, name := range names {
			t.Run(locale+" "+string(name), func(t *testing.T) {
				mail, err := templates.Render(message(locale, name))
				require.NoError(t, err)
				check(t, mail)
			})
		}
	}
}

func TestTemplates_AreThoseOfTheGoldenFiles(t *testing.T) {
	written := map[string]bool{}
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		base := filepath.Join("testdata", "golden", mail.Locale, string(mail.Template))
		golden := map[string]string{base + ".txt": mail.Text}
		if mail.Template != domain.TemplateSignInSMS {
			golden = map[string]string{base + ".html": mail.HTML, base + ".txt": "Subject: " + mail.Subject + "\n\n" + mail.Text}
		}
		for name, got := range golden {
			written[name] = true
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
				require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
			}
			want, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, string(want), got, name)
		}
	})
	require.NoError(t, filepath.WalkDir(filepath.Join("testdata", "golden"), func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		require.True(t, entry.IsDir() || written[name], "%s belongs to no template", name)
		return nil
	}))
}

func TestTemplates_EveryLocaleHasEveryTemplateInItsOwnWords(t *testing.T) {
	locales, names := shipped(t).Names()
	require.Equal(t, []string{"bg", "cs", "de", "en", "es", "fr"}, locales)
	require.ElementsMatch(t, []domain.Template{
		domain.TemplateEmailVerify, domain.TemplateEmailConfirmChange, domain.TemplatePasswordReset, domain.TemplateSignInOTP,
		domain.TemplateSignInPasswordless, domain.TemplateSignInSMS,
	}, names)
	texts := map[string]string{}
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		name := mail.Locale + " " + string(mail.Template)
		require.Empty(t, texts[mail.Text], "%s says the same", name)
		texts[mail.Text] = name
	})
	require.Len(t, texts, 36)
}

func TestTemplates_MessageStaysAsItWas(t *testing.T) {
	for _, name := range []domain.Template{domain.TemplateEmailVerify, domain.TemplateSignInSMS} {
		want := message("xx", name)
		mail, err := shipped(t).Render(want)
		require.NoError(t, err)
		require.Equal(t, want, mail.Message)
	}
}

func TestTemplates_UnknownTemplateIsAnError(t *testing.T) {
	_, err := shipped(t).Render(message("en", "email-verfy"))
	require.EqualError(t, err, `there is no mail template "email-verfy"`)
}

func TestTemplates_HaveNoPlaceholderLeftAndNoneEmpty(t *testing.T) {
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		all := mail.Subject + mail.HTML + mail.Text
		require.NotContains(t, all, "${")
		require.NotContains(t, all, "{{")
		require.NotContains(t, all, "<no value>")
		require.NotContains(t, mail.HTML, `=""></`)
		require.NotContains(t, mail.HTML, `href=""`)
		require.NotEmpty(t, mail.Text)
		require.Equal(t, mail.Template != domain.TemplateSignInSMS, mail.Subject != "" && mail.HTML != "")
	})
}

func TestTemplates_ShowTheLinkOrTheCodeInBothBodies(t *testing.T) {
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		if mail.Link == "" {
			require.Contains(t, mail.Text, mail.Ticket)
			require.NotContains(t, mail.Subject, mail.Ticket) // mail servers log subjects
			if mail.HTML != "" {
				require.Contains(t, mail.HTML, ">"+mail.Ticket+"</span>")
			}
			return
		}
		require.Contains(t, mail.Text, "\n"+mail.Link+"\n")
		escaped := html.EscapeString(mail.Link)
		require.Equal(t, 2, strings.Count(mail.HTML, `href="`+escaped+`"`))
		require.Equal(t, 1, strings.Count(mail.HTML, ">"+escaped+"</a>"))
		if mail.Template == domain.TemplateEmailConfirmChange {
			require.Contains(t, mail.Text, mail.NewEmail)
			require.Contains(t, mail.HTML, mail.NewEmail)
		}
	})
}

func TestTemplates_ShowNoDisplayName(t *testing.T) {
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		require.NotContains(t, mail.Subject+mail.HTML+mail.Text, "Jane")
	})
}

func TestTemplates_SayHowLongTheyAreValid(t *testing.T) {
	valid := map[domain.Template]string{
		domain.TemplateEmailVerify: "30", domain.TemplateEmailConfirmChange: "1", domain.TemplatePasswordReset: "1",
		domain.TemplateSignInPasswordless: "1", domain.TemplateSignInOTP: "15", domain.TemplateSignInSMS: "5",
	}
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		require.Contains(t, mail.Text, " "+valid[mail.Template]+" ")
		if mail.HTML != "" {
			require.Contains(t, mail.HTML, " "+valid[mail.Template]+" ")
		}
	})
}

func TestTemplates_WithoutAClientURLShowNone(t *testing.T) {
	templates, err := mailtemplate.New(mailtemplate.Options{ServerURL: serverURL})
	require.NoError(t, err)
	mail, err := templates.Render(message("en", domain.TemplateEmailVerify))
	require.NoError(t, err)
	require.NotContains(t, mail.HTML, "brand\"")
	require.NotContains(t, mail.HTML, `href=""`)
	require.True(t, strings.HasSuffix(mail.Text, "ignore this email.\n"), mail.Text)
}

func TestTemplates_SMSFitsOneSegment(t *testing.T) {
	// GSM 03.38, as far as our languages need it; with any other character a segment holds 70 UTF-16 units.
	const gsm = "@£$¥èéùìòÇ\nØø\rÅåÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		if mail.Template != domain.TemplateSignInSMS {
			return
		}
		limit := 160
		if strings.ContainsFunc(mail.Text, func(r rune) bool { return !strings.ContainsRune(gsm, r) }) {
			limit = 70
		}
		require.LessOrEqual(t, utf8.RuneCountInString(mail.Text), limit)
	})
}

func TestTemplates_HTMLIsWellFormedAndInTheRightLanguage(t *testing.T) {
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		if mail.HTML == "" {
			return
		}
		tags := tagsOf(t, mail.HTML)
		require.Equal(t, "html", tags[0].Data)
		require.Equal(t, []html.Attribute{{Key: "lang", Val: mail.Locale}, {Key: "dir", Val: "ltr"}}, tags[0].Attr)
		require.Contains(t, mail.HTML, `<meta name="color-scheme" content="light dark">`)
		require.Contains(t, mail.HTML, "@media (prefers-color-scheme: dark)")
		require.Contains(t, mail.HTML, "max-width:520px")
		require.Less(t, len(mail.HTML), 100_000, "Gmail clips longer mails")
	})
}

func TestTemplates_LoadNothingFromElsewhere(t *testing.T) {
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		if mail.HTML == "" {
			return
		}
		allowed := []string{mail.Link, clientURL}
		for _, tag := range tagsOf(t, mail.HTML) {
			require.NotContains(t, []string{"img", "link", "script", "iframe", "object", "video", "base", "form"}, tag.Data)
			for _, attribute := range tag.Attr {
				require.NotContains(t, []string{"src", "background", "srcset", "poster"}, attribute.Key)
				require.NotContains(t, attribute.Val, "url(")
				if attribute.Key == "href" {
					require.Contains(t, allowed, attribute.Val)
				}
			}
		}
		require.NotContains(t, mail.HTML, "@import")
		require.NotContains(t, mail.HTML, "url(")
	})
}

// tagsOf returns the start tags of a document and fails unless each is closed in turn.
func tagsOf(t *testing.T, document string) []html.Token {
	t.Helper()
	var (
		tags      []html.Token
		open      []string
		tokenizer = html.NewTokenizer(strings.NewReader(document))
		void      = map[string]bool{"meta": true, "br": true, "img": true, "hr": true, "link": true}
	)
	for {
		switch tokenizer.Next() {
		case html.ErrorToken:
			require.Empty(t, open, "not closed")
			return tags
		case html.StartTagToken:
			tag := tokenizer.Token()
			tags = append(tags, tag)
			if !void[tag.Data] {
				open = append(open, tag.Data)
			}
		case html.EndTagToken:
			tag := tokenizer.Token()
			require.NotEmpty(t, open, "</%s> closes nothing", tag.Data)
			require.Equal(t, open[len(open)-1], tag.Data)
			open = open[:len(open)-1]
		}
	}
}
