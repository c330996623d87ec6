package mailtemplate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/mailtemplate"
	"github.com/hexauth/hexauth/domain"
)

// folder writes files, by their path, into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

func custom(t testing.TB, defaultLocale string, files map[string]string) *mailtemplate.Templates {
	t.Helper()
	templates, err := mailtemplate.New(mailtemplate.Options{
		Dir: folder(t, files), DefaultLocale: defaultLocale, ServerURL: serverURL, ClientURL: clientURL,
	})
	require.NoError(t, err)
	return templates
}

func TestCustom_EveryPlaceholderHasItsValue(t *testing.T) {
	const all = "${link}|${displayName}|${email}|${newEmail}|${ticket}|${code}|${redirectTo}|${locale}|${serverUrl}|" +
		"${clientUrl}|${clientHost}|${ unknown }|${}|${ locale }|$ {link}|$$"
	const want = serverURL + "/verify?ticket=purpose%3A6f1c1c9e-2f0b-4c56-9a3d-5b7c0f7d2a41&type=purpose|Jane Doe|jane@example.com|" +
		"jane.doe@example.org|purpose:6f1c1c9e-2f0b-4c56-9a3d-5b7c0f7d2a41|purpose:6f1c1c9e-2f0b-4c56-9a3d-5b7c0f7d2a41|" +
		"https://app.example.com/?a=1&b=2|en|" + serverURL + "|" + clientURL + "|app.example.com|||en|$ {link}|$$"
	templates := custom(t, "", map[string]string{
		"en/email-verify/subject.txt":           all + "\n",
		"en/email-verify/body.html":             all,
		"en/email-verify/body.txt":              all,
		"en/signin-passwordless-sms/body.txt":   "Code: ${code} ${ticket} ${link}${nothing}\n",
		"en/signin-passwordless-sms/ignored.md": "${",
	})
	mail, err := templates.Render(message("en", domain.TemplateEmailVerify))
	require.NoError(t, err)
	require.Equal(t, want, mail.Subject)
	require.Equal(t, want, mail.Text)
	require.Equal(t, strings.ReplaceAll(want, "&", "&amp;"), mail.HTML)

	sms, err := templates.Render(message("en", domain.TemplateSignInSMS))
	require.NoError(t, err)
	require.Equal(t, domain.Mail{Message: message("en", domain.TemplateSignInSMS), Text: "Code: 012345 012345 "}, sms)
}

func TestCustom_FallsBackStepByStep(t *testing.T) {
	mail := func(folder string) map[string]string {
		return map[string]string{folder + "/subject.txt": "custom " + folder, folder + "/body.html": "x"}
	}
	for _, test := range []struct {
		name, custom, defaultLocale, locale, subject string
	}{
		{"the wanted locale, custom", "fr/password-reset", "de", "fr", "custom fr/password-reset"},
		{"the wanted locale, built in", "de/password-reset", "de", "fr", "Réinitialisez votre mot de passe"},
		{"the default locale, custom", "de/password-reset", "de", "pt", "custom de/password-reset"},
		{"the default locale, built in", "en/password-reset", "de", "pt", "Setzen Sie Ihr Passwort zurück"},
		{"English, custom", "en/password-reset", "it", "pt", "custom en/password-reset"},
		{"English, built in", "de/password-reset", "it", "pt", "Reset your password"},
		{"no default locale is English", "de/password-reset", "", "", "Reset your password"},
		{"a locale of one's own", "pt/password-reset", "de", "pt", "custom pt/password-reset"},
		{"another template of a locale of one's own", "pt/email-verify", "de", "pt", "Setzen Sie Ihr Passwort zurück"},
		{"never another template", "pt/email-verify", "it", "pt", "Reset your password"},
		{"locales are no paths", "pt/password-reset", "", "../pt", "Reset your password"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := custom(t, test.defaultLocale, mail(test.custom)).Render(message(test.locale, domain.TemplatePasswordReset))
			require.NoError(t, err)
			require.Equal(t, test.subject, got.Subject)
		})
	}
}

func TestCustom_NamesHaveTheirLocales(t *testing.T) {
	locales, _ := custom(t, "", map[string]string{
		"pt/email-verify/subject.txt": "x", "pt/email-verify/body.html": "x",
		"it/readme/subject.txt": "x", "nl/email-verify/notes.md": "x", "readme.md": "x", ".git/email-verify/subject.txt": "x",
	}).Names()
	require.Equal(t, []string{"bg", "cs", "de", "en", "es", "fr", "pt"}, locales)
}

func TestCustom_LinkedFoldersAreFollowed(t *testing.T) {
	target := folder(t, map[string]string{"email-verify/subject.txt": "linked", "email-verify/body.html": "x"})
	dir := t.TempDir()
	require.NoError(t, os.Symlink(target, filepath.Join(dir, "en")))
	templates, err := mailtemplate.New(mailtemplate.Options{Dir: dir})
	require.NoError(t, err)
	mail, err := templates.Render(message("en", domain.TemplateEmailVerify))
	require.NoError(t, err)
	require.Equal(t, "linked", mail.Subject)
}

func TestCustom_BrokenTemplatesAreNamed(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // DIR stands for the folder
	}{
		{"no subject", map[string]string{"en/email-verify/body.html": "x"},
			"DIR/en/email-verify/subject.txt is missing"},
		{"no HTML", map[string]string{"en/email-verify/subject.txt": "x"},
			"DIR/en/email-verify/body.html is missing"},
		{"text alone", map[string]string{"fr/signin-otp/body.txt": "x"},
			"DIR/fr/signin-otp/subject.txt is missing\nDIR/fr/signin-otp/body.html is missing"},
		{"placeholder open at the end", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html": "a\nb ${link"},
			`DIR/en/email-verify/body.html: line 2: a placeholder is not closed: "${" without "}"`},
		{"placeholder closed by another", map[string]string{"en/email-verify/subject.txt": "${email ${link}", "en/email-verify/body.html": "x"},
			`DIR/en/email-verify/subject.txt: line 1: a placeholder is not closed: "${" without "}"`},
		{"placeholder over a tag", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html": "${link<b>}"},
			`DIR/en/email-verify/body.html: line 1: a placeholder is not closed: "${" without "}"`},
		{"placeholder in an SMS", map[string]string{"en/signin-passwordless-sms/body.txt": "${\ncode}"},
			`DIR/en/signin-passwordless-sms/body.txt: line 1: a placeholder is not closed: "${" without "}"`},
		{"not UTF-8", map[string]string{"en/email-verify/subject.txt": "V\xe9rifiez", "en/email-verify/body.html": "x"},
			"DIR/en/email-verify/subject.txt is not UTF-8"},
		{"text not UTF-8", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html": "x", "en/email-verify/body.txt": "\xff\xfex"},
			"DIR/en/email-verify/body.txt is not UTF-8"},
		{"empty", map[string]string{"en/email-verify/subject.txt": " \n", "en/email-verify/body.html": "x"},
			"DIR/en/email-verify/subject.txt is empty"},
		{"too large", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html": strings.Repeat("x", 1<<20+1)},
			"DIR/en/email-verify/body.html is larger than 1 MiB"},
		{"too deep", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html": strings.Repeat("<div>", 600)},
			"DIR/en/email-verify/body.html: html: open stack of elements exceeds 512 nodes"},
		{"a folder in a file's place", map[string]string{"en/email-verify/subject.txt": "x", "en/email-verify/body.html/x": "x"},
			"DIR/en/email-verify/body.html is not a regular file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			_, err := mailtemplate.New(mailtemplate.Options{Dir: dir})
			require.EqualError(t, err, "custom mail template "+strings.ReplaceAll(test.want, "DIR", dir))
		})
	}
}

func TestCustom_AllBrokenTemplatesAreNamedAtOnce(t *testing.T) {
	dir := folder(t, map[string]string{"en/email-verify/body.html": "x", "fr/password-reset/subject.txt": "x"})
	_, err := mailtemplate.New(mailtemplate.Options{Dir: dir})
	require.EqualError(t, err, "custom mail template "+dir+"/en/email-verify/subject.txt is missing\n"+
		"custom mail template "+dir+"/fr/password-reset/body.html is missing")
}

func TestCustom_FolderThatIsNotThereIsAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nowhere")
	_, err := mailtemplate.New(mailtemplate.Options{Dir: dir})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, dir)
}

func TestCustom_OneMebibyteAndAByteOrderMarkAreFine(t *testing.T) {
	mail, err := custom(t, "", map[string]string{
		"en/email-verify/subject.txt": "\ufeffWelcome\r\n", "en/email-verify/body.html": strings.Repeat("x", 1<<20),
	}).Render(message("en", domain.TemplateEmailVerify))
	require.NoError(t, err)
	require.Equal(t, "Welcome", mail.Subject)
	require.Len(t, mail.HTML, 1<<20)
}

func TestCustom_WithoutATextOneIsMadeOfTheHTML(t *testing.T) {
	mail, err := custom(t, "", map[string]string{
		"en/email-verify/subject.txt": "x",
		"en/email-verify/body.html": `<!doctype html><html><head><title>No</title><style>p { color: red }</style></head><body>
<div style="display: none">Hidden</div><!-- a comment -->
<table><tr><td><h1>Hello,
  ${displayName}!</h1></td></tr></table>
<p>Please <b>con</b>firm&nbsp;&amp; <a href="${link}"><img src="x.png" alt="Confirm"></a>.<br>Or copy: <a href='${link}'>${link}</a></p>
<ul><li>One</li><li>Two <a href="#top">up</a></li></ul><hr>
<table><tr><td>left</td><td>right</td></tr><tr><td><a href="mailto:help@example.com">help@example.com</a></td></tr></table>
<a href="${clientUrl}"></a><script>alert(1)</script></body></html>`,
	}).Render(domain.Message{Template: domain.TemplateEmailVerify, Link: "https://a/?x&y", DisplayName: "J & <J>"})
	require.NoError(t, err)
	require.Equal(t, `Hello, J & <J>!

Please confirm & Confirm <https://a/?x&y>.
Or copy: https://a/?x&y

- One
- Two up

---

left right
help@example.com

https://app.example.com
`, mail.Text)
}
