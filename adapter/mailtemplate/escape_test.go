package mailtemplate_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hexauth/hexauth/adapter/mailtemplate"
	"github.com/hexauth/hexauth/domain"
)

// renderHTML renders one custom body.html.
func renderHTML(t testing.TB, body string, m domain.Message) string {
	t.Helper()
	m.Template = domain.TemplateEmailVerify
	mail, err := custom(t, "", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html": body}).Render(m)
	require.NoError(t, err)
	return mail.HTML
}

func TestEscape_ValuesStayValuesWhereverTheyStand(t *testing.T) {
	for _, test := range []struct{ name, body, value, want string }{
		{"text", "<p>${displayName}</p>", `<script>alert("1")</script> & 'x'`,
			"<p>&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#39;x&#39;</p>"},
		{"double quotes", `<p title="${displayName}">`, `" onload="x`, `<p title="&#34; onload=&#34;x">`},
		{"single quotes", `<p title='${displayName}'>`, `' onload='x`, `<p title='&#39; onload=&#39;x'>`},
		{"no quotes", `<p title=${displayName} id=a>`, "x onload=`y", `<p title=x&#32;onload&#61;&#96;y id=a>`},
		{"no quotes, behind something", `<p title=a${displayName}>`, " onload=y", `<p title=a&#32;onload&#61;y>`},
		{"no quotes, empty", `<p title=${displayName} id=a>`, "", `<p title="" id=a>`},
		{"no quotes, empty at the end", `<p title= ${displayName}>`, "", `<p title= "">`},
		{"no quotes, a part is empty", `<p title=${displayName}a id=a>`, "", `<p title=a id=a>`},
		{"a greater-than sign in quotes", `<p title="a>b" id=${displayName}>`, "x y", `<p title="a>b" id=x&#32;y>`},
		{"an apostrophe in text", `<p>don't</p><p id=${displayName}>`, "x y", `<p>don't</p><p id=x&#32;y>`},
		{"an apostrophe in a tag", `<p title=don't id=${displayName}>`, "x y", `<p title=don't id=x&#32;y>`},
		{"a tag's name", `<${displayName}>`, "img src=x", `<img&#32;src&#61;x>`},
		{"less than", `1 < 2 ${displayName}`, "x y", `1 < 2 x y`},
		{"a comment", `<!-- ${displayName} -->`, "--><b>", `<!-- --&gt;&lt;b&gt; -->`},
		{"a conditional comment", `<!--[if mso]><v:roundrect href=${displayName}><![endif]-->`, "a b", `<!--[if mso]><v:roundrect href=a&#32;b><![endif]-->`},
		{"a placeholder in a value", "${displayName}", "${link}${", "${link}${"},
		{"line breaks", "${displayName}", "a\r\nb\u2028c\x00d\x7f\u0085e", "a  b c d  e"},
		{"direction of writing", "${displayName}", "a\u202eb\u2066c", "abc"},
		{"not UTF-8", "${displayName}", "a\xff\xfeb", "a\ufffdb"},
		{"all the world's letters stay", "${displayName}", "Zoë 李 🙂 שלום", "Zoë 李 🙂 שלום"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, renderHTML(t, test.body, domain.Message{DisplayName: test.value, Link: "secret"}))
		})
	}
}

func TestEscape_LinksLeadToHarmlessPlacesOnly(t *testing.T) {
	const body = `<a href="${link}">${link}</a>`
	for _, test := range []struct{ link, href string }{
		{"https://a.example/?x=1&y='2'\"", "https://a.example/?x=1&amp;y=&#39;2&#39;&#34;"},
		{"http://localhost:4000/verify", "http://localhost:4000/verify"},
		{"com.example.app:/callback", "com.example.app:/callback"},
		{"myapp://open?x=javascript:1", "myapp://open?x=javascript:1"},
		{"/verify?a:b", "/verify?a:b"},
		{"javascript:alert(1)", ""},
		{" JavaScript:alert(1)", ""},
		{"\x01javascript:alert(1)", ""},
		{"javascript :alert(1)", ""},
		{"vbscript:x", ""},
		{"data:text/html,x", ""},
		{"file:///etc/passwd", ""},
		{"blob:https://a.example/1", ""},
	} {
		t.Run(test.link, func(t *testing.T) {
			got := renderHTML(t, body, domain.Message{Link: test.link})
			require.True(t, strings.HasPrefix(got, `<a href="`+test.href+`">`), got)
		})
	}
}

func TestEscape_AnyPlaceholderThatBeginsAnAddressIsALink(t *testing.T) {
	evil := domain.Message{DisplayName: "javascript:x", RedirectTo: "javascript:y"}
	for body, want := range map[string]string{
		`<a href='${redirectTo}'>`:                     `<a href=''>`,
		`<a HREF = ${redirectTo}>`:                     `<a HREF = "">`,
		`<img src="${displayName}">`:                   `<img src="">`,
		`<td background="${displayName}">`:             `<td background="">`,
		`<a href="${nothing}${displayName}">`:          `<a href="">`,
		`<a href="/?${displayName}">`:                  `<a href="/?javascript:x">`,
		`<a title="${displayName}">`:                   `<a title="javascript:x">`,
		`<a href="${nothing}" title="${displayName}">`: `<a href="" title="javascript:x">`,
		`href="${displayName}"`:                        `href="javascript:x"`,
	} {
		require.Equal(t, want, renderHTML(t, body, evil), body)
	}
}

func TestEscape_TextAndSubjectArePlain(t *testing.T) {
	mail, err := custom(t, "", map[string]string{
		"en/email-verify/subject.txt": "Hi ${displayName}",
		"en/email-verify/body.html":   "x",
		"en/email-verify/body.txt":    "Hi ${displayName}\n${redirectTo}",
	}).Render(domain.Message{Template: domain.TemplateEmailVerify, DisplayName: `<b> & "q" 'a' ${link}`, RedirectTo: `https://a/?"'`, Link: "no"})
	require.NoError(t, err)
	require.Equal(t, `Hi <b> & "q" 'a' ${link}`, mail.Subject)
	require.Equal(t, "Hi <b> & \"q\" 'a' ${link}\nhttps://a/?\"'", mail.Text)
}

func TestEscape_SubjectIsASingleLine(t *testing.T) {
	mail, err := custom(t, "", map[string]string{
		"en/email-verify/subject.txt": "\n Hi\r\n${displayName}\n\n",
		"en/email-verify/body.html":   "x",
		"en/email-verify/body.txt":    "${displayName}",
	}).Render(domain.Message{Template: domain.TemplateEmailVerify, DisplayName: "x\r\nBcc: all@example.com\r\n\r\n<b>\x00\u2029"})
	require.NoError(t, err)
	require.Equal(t, "Hi  x  Bcc: all@example.com    <b>  ", mail.Subject)
	require.Equal(t, "x  Bcc: all@example.com    <b>  ", mail.Text)
}

func TestEscape_OurOwnMailsTakeAnyValue(t *testing.T) {
	const evil = `"'><script>alert(1)</script>${ticket}`
	templates := shipped(t)
	locales, names := templates.Names()
	for _, locale := range locales {
		for _, name := range names {
			m := message(locale, name)
			if name == domain.TemplateSignInSMS {
				continue
			}
			plain, err := templates.Render(m)
			require.NoError(t, err)
			m.DisplayName, m.Email, m.NewEmail, m.Link, m.Ticket, m.RedirectTo = evil, evil, evil, evil, evil, evil
			mail, err := templates.Render(m)
			require.NoError(t, err)
			require.NotContains(t, mail.HTML, "<script")
			require.Equal(t, skeleton(plain.HTML), skeleton(mail.HTML))
		}
	}
}

// skeleton returns what a document is built of: its tags and their attributes' names.
func skeleton(document string) []string {
	var (
		result    []string
		tokenizer = html.NewTokenizer(strings.NewReader(document))
	)
	for {
		kind := tokenizer.Next()
		if kind == html.ErrorToken {
			return result
		}
		if token := tokenizer.Token(); kind != html.TextToken {
			if kind == html.CommentToken {
				token.Data = "comment"
			}
			result = append(result, kind.String()+" "+token.Data)
			for _, attribute := range token.Attr {
				result = append(result, attribute.Key)
			}
		}
	}
}

// FuzzRender looks for a value that changes what a mail is built of, or breaks its subject in two.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{"", "Jane", `"><script>`, "' onload='", "x y=z", "`", "javascript:alert(1)", "a\r\nBcc: x", "--><b>", "${link}", "\xff", "\u2028", "/>", "&#60;b>"} {
		f.Add(seed)
	}
	const body = `<p title="${displayName}" class='${displayName}' id=${displayName} lang=x${displayName}>${displayName}</p>` +
		`<!-- ${displayName} --><a href="${displayName}">x</a><a href=${displayName}>y</a><title>${displayName}</title>`
	templates, err := mailtemplate.New(mailtemplate.Options{ServerURL: serverURL, ClientURL: clientURL, Dir: folder(f, map[string]string{
		"en/email-verify/subject.txt": "Hi ${displayName}", "en/email-verify/body.html": body,
	})})
	require.NoError(f, err)
	render := func(t testing.TB, value string) domain.Mail {
		mail, err := templates.Render(domain.Message{Template: domain.TemplateEmailVerify, DisplayName: value})
		require.NoError(t, err)
		return mail
	}
	want := skeleton(render(f, "Jane").HTML)
	f.Fuzz(func(t *testing.T, value string) {
		mail := render(t, value)
		require.Equal(t, want, skeleton(mail.HTML))
		require.False(t, strings.ContainsFunc(mail.Subject+strings.ReplaceAll(mail.Text, "\n", ""), unicode.IsControl))
		require.True(t, utf8.ValidString(mail.Subject) && utf8.ValidString(mail.HTML) && utf8.ValidString(mail.Text))
		root, err := html.Parse(strings.NewReader(mail.HTML))
		require.NoError(t, err)
		for node := range root.Descendants() {
			for _, attribute := range node.Attr {
				if attribute.Key == "href" {
					require.NotRegexp(t, `(?i)^[\s\x00-\x20]*(javascript|vbscript|data)\s*:`, attribute.Val)
				}
			}
		}
	})
}

// FuzzTemplate looks for a template that can't be parsed or rendered without a panic.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"x", "${", "${}", "<a href=${link}>", "<a href='${link", "<p><table><li>${x}</p>", "<a href=\"${link}\"><br>${link}</a>", "<"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		templates, err := mailtemplate.New(mailtemplate.Options{Dir: folder(t, map[string]string{
			"en/email-verify/subject.txt": "x", "en/email-verify/body.html": body,
		})})
		if err != nil {
			require.ErrorContains(t, err, "body.html")
			return
		}
		mail, err := templates.Render(message("en", domain.TemplateEmailVerify))
		require.NoError(t, err)
		require.True(t, utf8.ValidString(mail.Text))
	})
}
