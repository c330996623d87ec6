package mailtemplate_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/mailtemplate"
	"github.com/hexauth/hexauth/domain"
)

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(content)
}

func TestPreview_WritesEveryMailAndAnIndexOfThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	require.NoError(t, shipped(t).Preview(dir))
	require.NoError(t, shipped(t).Preview(dir), "a second time")

	index := read(t, dir, "index.html")
	locales, names := shipped(t).Names()
	for _, locale := range locales {
		for _, name := range names {
			base := locale + "/" + string(name)
			require.Contains(t, index, `<a href="`+base+`.txt">text</a>`)
			text := read(t, dir, base+".txt")
			require.NotContains(t, text, "${")
			if name == domain.TemplateSignInSMS {
				require.True(t, strings.HasPrefix(text, "274905 "), text)
				continue
			}
			require.Contains(t, index, `<iframe src="`+base+`.html"`)
			require.True(t, strings.HasPrefix(text, "Subject: "), text)
			require.Contains(t, read(t, dir, base+".html"), `<html lang="`+locale+`" dir="ltr">`)
		}
	}
	require.Equal(t, 30, strings.Count(index, "<iframe "))
	require.Equal(t, 36, strings.Count(index, ">built in · <"))
}

func TestPreview_SourcesAreCustomTemplatesThatSayTheSame(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, shipped(t).Preview(dir))
	copied, err := mailtemplate.New(mailtemplate.Options{Dir: filepath.Join(dir, "source"), ServerURL: serverURL, ClientURL: clientURL})
	require.NoError(t, err)
	eachShipped(t, func(t *testing.T, mail domain.Mail) {
		got, err := copied.Render(mail.Message)
		require.NoError(t, err)
		require.Equal(t, mail, got)
	})
	files := 0
	require.NoError(t, fs.WalkDir(os.DirFS(filepath.Join(dir, "source")), ".", func(_ string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			files++
		}
		return err
	}))
	require.Equal(t, 6*(5*3+1), files)
}

func TestPreview_TellsWhereATemplateComesFrom(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, custom(t, "de", map[string]string{
		"pt/email-verify/subject.txt": "Olá <b>", "pt/email-verify/body.html": "x",
	}).Preview(dir))
	index := read(t, dir, "index.html")
	require.Equal(t, 1, strings.Count(index, ">custom · <"))
	require.Equal(t, 5, strings.Count(index, ">built in, falls back to de · <"))
	require.Contains(t, index, "Olá &lt;b&gt;")
}

func TestPreview_InTheFolderOfCustomTemplatesLeavesThemAlone(t *testing.T) {
	dir := folder(t, map[string]string{"en/email-verify/subject.txt": "mine", "en/email-verify/body.html": "mine ${link}"})
	templates, err := mailtemplate.New(mailtemplate.Options{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, templates.Preview(dir))
	require.Equal(t, "mine ${link}", read(t, dir, "en", "email-verify", "body.html"))
	_, err = mailtemplate.New(mailtemplate.Options{Dir: dir})
	require.NoError(t, err)
}

func TestPreview_FolderThatCantBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, shipped(t).Preview(file), file)
}
