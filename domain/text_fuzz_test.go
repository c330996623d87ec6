package domain_test

import (
	"encoding/base32"
	"maps"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

// wantFieldError demands that a refusal names the field and nothing of the value.
func wantFieldError(t *testing.T, err error, field, value string) {
	t.Helper()
	var refused *domain.FieldError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, field, refused.Field)
	if len(value) > 16 {
		require.NotContains(t, err.Error(), value)
	}
}

// wantClean demands text that every database keeps and no terminal obeys.
func wantClean(t *testing.T, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), "%q", text)
	require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), "%q", text)
}

// FuzzParseEmail reads addresses. What is accepted means the same to who reads it by the RFCs, and its canonical form is accepted, too.
func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{"jane@example.com", "Jane.Doe+x@sub.Example.co", "a@b.cd", "jane@localhost", "jane@127.0.0.1", "@x.yz", "a@b@c.de", `"a b"@c.de`, "jané@example.com", "a@xn--e1afmkfd.xn--p1ai", "a..b@c.de"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		email, err := domain.ParseEmail("email", text)
		if err != nil {
			require.Empty(t, email)
			wantFieldError(t, err, "email", text)
			return
		}
		require.Equal(t, text, string(email))
		require.LessOrEqual(t, len(email), 254)
		wantClean(t, text)
		local, host, _ := strings.Cut(text, "@")
		require.NotContains(t, host, "@")
		read, err := mail.ParseAddress(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"@` + host) // dots where the RFC wants quotes
		require.NoError(t, err)
		require.Equal(t, text, read.Address)
		again, err := domain.ParseEmail("email", email.Canonical())
		require.NoError(t, err)
		require.Equal(t, email.Canonical(), again.Canonical())
	})
}

// FuzzAdministration reads what administrators type: users, roles, locales, names and kinds of events.
func FuzzAdministration(f *testing.F) {
	for _, seed := range []string{"jane@example.com", "0B0E7C5E-8A4B-4F2F-9D5E-3C1F6A7B8C9D", "user", "de", "Jane O'Doe", "sign_in", "sign_in.failed", "x\x00", "\xff", "роль:a/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ref, err := domain.ParseUserRef("user", text); err != nil {
			wantFieldError(t, err, "user", text)
		} else {
			require.True(t, (ref.ID == "") != (ref.Email == ""))
			again, err := domain.ParseUserRef("user", string(ref.ID)+string(ref.Email))
			require.NoError(t, err)
			require.Equal(t, ref, again)
		}
		if roles, err := domain.ParseRoles("roles", []string{text, text}); err != nil {
			wantFieldError(t, err, "roles", text)
		} else {
			require.Equal(t, []domain.Role{domain.Role(text)}, roles)
			wantClean(t, text)
		}
		if locale, err := domain.ParseLocale("locale", text); err != nil {
			wantFieldError(t, err, "locale", text)
		} else {
			require.Equal(t, text, locale)
			require.Regexp(t, `\A[a-z]{2,3}\z`, locale)
		}
		if name, err := domain.ParseDisplayName("name", text); err != nil {
			wantFieldError(t, err, "name", text)
		} else {
			require.Equal(t, text, name)
			wantClean(t, name)
		}
		if filter, ok := domain.ParseEventFilter(text); ok {
			require.True(t, slices.ContainsFunc(domain.EventKinds(), filter.Chooses))
		}
	})
}

// FuzzUserQuery reads searches and cursors of the list of users. A cursor that is accepted is written again as it was.
func FuzzUserQuery(f *testing.F) {
	cursor := domain.UserPosition{Key: "2026-01-15T12:34:56.000000Z", ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"}.Cursor()
	f.Add("", cursor, 0)
	f.Add("jane", domain.UserPosition{Key: "jane@example.com", ID: "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d"}.Cursor(), 200)
	f.Add("\xff", cursor+"\n", -1)
	f.Add("x\x00", "AAAA", 201)
	f.Fuzz(func(t *testing.T, search, cursor string, limit int) {
		q, err := domain.NewUserQuery(search, cursor, limit)
		if err != nil {
			var refused *domain.FieldError
			require.ErrorAs(t, err, &refused)
			require.Contains(t, []string{"search", "cursor", "limit"}, refused.Field)
			return
		}
		require.True(t, q.Limit >= 1 && q.Limit <= domain.MaxPage)
		require.LessOrEqual(t, len(q.Search), 254)
		for _, text := range []string{q.Search, q.After.Key} {
			require.True(t, utf8.ValidString(text) && !strings.ContainsRune(text, 0), "%q", text)
		}
		require.Equal(t, cursor, q.After.Cursor())
	})
}

// FuzzTicket reads tickets of mailed links.
func FuzzTicket(f *testing.F) {
	for _, seed := range []string{"verifyEmail:", "passwordReset:", "mfaTotp:", "emailConfirmChange:", "passwordlessEmail:", "x:", ""} {
		f.Add(seed + "0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d")
	}
	f.Fuzz(func(t *testing.T, text string) {
		ticket := domain.Ticket(text)
		purpose, found := ticket.Purpose()
		require.False(t, found && ticket.IsMFA())
		require.Regexp(t, `\A[0-9a-f]{64}\z`, string(ticket.Hash()))
		if found {
			_, uuid, _ := strings.Cut(text, ":")
			require.Equal(t, ticket, domain.NewTicket(purpose, uuid))
		}
		link, err := url.Parse(ticket.Link("https://auth.example.com/v1/", text, text))
		require.NoError(t, err)
		require.Equal(t, "auth.example.com/v1/verify", link.Host+link.Path)
		require.Equal(t, text, link.Query().Get("ticket"))
		require.Equal(t, text, link.Query().Get("redirectTo"))
	})
}

// FuzzRefreshToken derives successors of whatever a client presents.
func FuzzRefreshToken(f *testing.F) {
	f.Add("0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", "AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("0B0E7C5E-8A4B-4F2F-9D5E-3C1F6A7B8C9D", "")
	f.Add("pat:\xff", "x")
	key := domain.RefreshTokenKey{1}
	f.Fuzz(func(t *testing.T, text, nonce string) {
		token := domain.RefreshToken(text)
		next := key.Successor(token, domain.RefreshNonce(nonce))
		require.Regexp(t, `\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z`, string(next))
		require.Equal(t, next, key.Successor(token, domain.RefreshNonce(nonce)))
		require.Regexp(t, `\A\\x[0-9a-f]{64}\z`, string(token.Hash()))
		if key.Family(token) != "" {
			require.Equal(t, key.Family(token), key.Family(next), "one family")
		}
	})
}

// FuzzPastRotations reads the rotations that the database keeps of a session.
func FuzzPastRotations(f *testing.F) {
	one := domain.NewPastRotation("0b0e7c5e-8a4b-4f2f-9d5e-3c1f6a7b8c9d", domain.NewRefreshNonce([16]byte{7}), time.Date(2026, 1, 15, 12, 34, 56, 0, time.UTC)).String()
	f.Add(one + one)
	f.Add(one[:30])
	f.Add(strings.Repeat("-", 60))
	f.Add("+" + one[1:])
	f.Fuzz(func(t *testing.T, text string) {
		rotations := domain.ParsePastRotations(text)
		var written strings.Builder
		for _, r := range rotations {
			require.Len(t, r.String(), domain.PastRotationLength)
			written.WriteString(r.String())
		}
		require.Equal(t, strings.ToLower(text[:written.Len()]), strings.ToLower(written.String()))
		require.Equal(t, rotations, domain.ParsePastRotations(written.String()))
	})
}

// FuzzCodes reads what people type: recovery codes, codes of mails and apps, and secrets of authenticator apps.
func FuzzCodes(f *testing.F) {
	for _, seed := range []string{"abcde-fghjk", "ABCDE FGHJK", "123456", "１２３４５６", "JBSW Y3DP EHPK 3PXP====", strings.Repeat("A", 17), strings.Repeat("7", 256), "ſ2345-6789A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if code, ok := domain.ParseRecoveryCode(text); ok {
			require.Regexp(t, `\A[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\z`, string(code))
			again, ok := domain.ParseRecoveryCode(string(code))
			require.True(t, ok)
			require.Equal(t, code, again)
		}
		if domain.OTP(text).WellFormed() {
			require.Regexp(t, `\A[0-9]{6}\z`, text)
			require.True(t, domain.OTP(text).Typed())
		}
		secret, err := domain.ParseTOTPSecret("totpSecret", text)
		if err != nil {
			wantFieldError(t, err, "totpSecret", text)
			return
		}
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
		require.NoError(t, err, "a secret that no app and no server can use: %s", secret)
		require.GreaterOrEqual(t, len(raw), 10)
		again, err := domain.ParseTOTPSecret("totpSecret", secret)
		require.NoError(t, err)
		require.Equal(t, secret, again)
	})
}

// FuzzProviderIdentity reads what providers say about a user, and accounts as the database keeps them.
func FuzzProviderIdentity(f *testing.F) {
	f.Add("corp", "https://id.example.com/x", "user 1", "Jane\u202e\x00 Doe", "https://example.com/jane.png")
	f.Add("github", "", "583231", strings.Repeat("é", 300), "javascript:alert(1)")
	f.Add("github", "", "a://b c", "\xff", "//x")
	f.Add("corp", "", "", " ", "https://a b/")
	f.Fuzz(func(t *testing.T, provider, issuer, id, name, picture string) {
		who := domain.ProviderIdentity{Provider: provider, Issuer: issuer, ID: id, Name: name, AvatarURL: picture}
		avatar, shown := who.Avatar(), who.DisplayName()
		if avatar != "" {
			parsed, err := url.Parse(avatar)
			require.NoError(t, err)
			require.Contains(t, []string{"http", "https"}, parsed.Scheme)
			wantClean(t, avatar)
		}
		if shown != id {
			require.LessOrEqual(t, len(shown), 256)
			require.False(t, strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", shown)
		}
		if !who.Usable() {
			return
		}
		wantClean(t, id)
		named := issuer == "" && domain.NamedProvider(provider)
		custom := !domain.NamedProvider(provider) && strings.Contains(issuer, "://") && !strings.Contains(issuer, " ")
		if named || custom {
			back := domain.IdentityOf(provider, who.Account())
			require.Equal(t, [3]string{provider, issuer, id}, [3]string{back.Provider, back.Issuer, back.ID})
		}
	})
}

// FuzzWithQuery adds parameters to targets of redirects. The target stays the target, and the parameters arrive.
func FuzzWithQuery(f *testing.F) {
	f.Add("https://app.example.com/x?a=1#b", "error", "a&b=c#d")
	f.Add("myapp://callback", "refreshToken", "\r\n")
	f.Add("https://app.example.com?a=%zz;b", "a", "é")
	policy, err := domain.NewRedirectPolicy("https://app.example.com", []string{"myapp://**", "http://localhost:*"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, target, name, value string) {
		if policy.Check(target) != nil {
			return
		}
		location := domain.WithQuery(target, map[string]string{name: value})
		require.NoError(t, policy.Check(location), location)
		before, err := url.Parse(target)
		require.NoError(t, err)
		after, err := url.Parse(location)
		require.NoError(t, err)
		require.Equal(t, [3]string{before.Scheme, before.Host, before.EscapedPath()}, [3]string{after.Scheme, after.Host, after.EscapedPath()})
		require.Equal(t, before.Fragment, after.Fragment)
		want := before.Query()
		want.Set(name, value)
		require.Equal(t, maps.Collect(maps.All(want)), maps.Collect(maps.All(after.Query())))
		require.NotContains(t, location, "\n")
	})
}

// FuzzNewProxies reads networks of proxies. What is accepted trusts the address it names and no stranger's.
func FuzzNewProxies(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "192.0.2.1", "::1/128", "::ffff:10.0.0.0/104", "fe80::%eth0/10", "0.0.0.0/0", "10.0.0.1/33", "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		proxies, err := domain.NewProxies([]string{text})
		if err != nil {
			require.EqualError(t, err, "entry 1 must be a network such as 10.0.0.0/8 or an address such as 192.0.2.1")
			return
		}
		own, _, _ := strings.Cut(text, "/")
		address, err := netip.ParseAddr(own)
		require.NoError(t, err)
		require.True(t, proxies.Trusts(address), "%s does not trust %s", text, address)
	})
}
