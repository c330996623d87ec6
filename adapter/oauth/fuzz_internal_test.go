package oauth

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzProfile cleans what a provider says about a user.
func FuzzProfile(f *testing.F) {
	f.Add("1", " jane@example.com ", "Jane\t\u0000 Doe", "https://example.com/a b.png", `{"name":{"firstName":"Jane","lastName":"Doe"}}`)
	f.Add("\xff", "x", strings.Repeat("é ", 300), "https://u:p@example.com", `{"name":[]}`)
	f.Fuzz(func(t *testing.T, id, email, name, picture, user string) {
		who, err := profile{id: id, email: email, attested: true, name: name, picture: picture}.identity("github")
		if err != nil {
			require.NotContains(t, err.Error(), id+"\x00")
			return
		}
		require.Equal(t, id, who.ID)
		require.True(t, who.Usable() || !utf8.ValidString(id), "%q", id) // which JSON never gives
		require.Equal(t, who.Name, cleanName(who.Name))
		require.Equal(t, who.AvatarURL, cleanPicture(who.AvatarURL))
		cleaned := cleanName(appleName(user))
		require.LessOrEqual(t, utf8.RuneCountInString(cleaned), maxName)
	})
}
