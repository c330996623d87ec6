package smtp_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/smtp"
	"github.com/hexauth/hexauth/domain"
)

const (
	id     = "0198c5a2-7d3e-4a55-9c11-3f0d6a5e2b10"
	ticket = "verifyEmail:5d6f0c1e-8a1b-4c77-9a43-0c2f3e4d5a6b"
	link   = "https://auth.example.com/v1/verify?ticket=" + ticket + "&type=emailVerify&redirectTo=https%3A%2F%2Fapp.example.com%2F"
)

func newMail(to string) domain.Mail {
	return domain.Mail{
		Message: domain.Message{
			ID: id, Template: domain.TemplateEmailVerify, Locale: "en", To: to, DisplayName: "Jane", Email: to,
			Link: link, Ticket: ticket, RedirectTo: "https://app.example.com/",
		},
		Subject: "Verify your e-mail address",
		HTML:    "<p>Hello <b>Jane</b></p>\n",
		Text:    "Hello Jane\n",
	}
}

// sendOne sends through a server of its own and returns what arrived.
func sendOne(t *testing.T, m domain.Mail, change func(*smtp.Options)) delivery {
	t.Helper()
	s := serve(t, plain, &mailServer{})
	o := s.options()
	if change != nil {
		change(&o)
	}
	require.NoError(t, open(t, o).Send(t.Context(), m))
	mails := s.mails()
	require.Len(t, mails, 1)
	return mails[0]
}

func parse(t *testing.T, d delivery) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(d.content))
	require.NoError(t, err)
	return message
}

type part struct{ contentType, encoding, text string }

// parts returns the alternatives, decoded, with LF as line ends.
func parts(t *testing.T, message *mail.Message) []part {
	t.Helper()
	mediaType, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", mediaType)
	var found []part
	for reader := multipart.NewReader(message.Body, parameters["boundary"]); ; {
		next, err := reader.NextRawPart()
		if err == io.EOF {
			return found
		}
		require.NoError(t, err)
		found = append(found, part{
			next.Header.Get("Content-Type"), next.Header.Get("Content-Transfer-Encoding"), decode(t, next),
		})
	}
}

func decode(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(quotedprintable.NewReader(r))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func decodeHeader(t *testing.T, message *mail.Message, name string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get(name))
	require.NoError(t, err)
	return text
}

func TestMail_HasTheseHeadersAndNoOthers(t *testing.T) {
	message := parse(t, sendOne(t, newMail("jane@example.org"), nil))
	boundary := message.Header.Get("Content-Type")
	require.Equal(t, mail.Header{
		"From":             {`"Example" <noreply@example.com>`},
		"To":               {"<jane@example.org>"},
		"Date":             {"Sun, 01 Mar 2026 12:30:00 +0000"},
		"Subject":          {"Verify your e-mail address"},
		"Message-Id":       {"<" + id + "@example.com>"},
		"Mime-Version":     {"1.0"},
		"Content-Type":     {boundary},
		"Auto-Submitted":   {"auto-generated"},
		"X-Email-Template": {"email-verify"},
		"X-Link":           {link},
		"X-Ticket":         {ticket},
		"X-Redirect-To":    {"https://app.example.com/"},
	}, message.Header)
	require.Equal(t, []part{
		{"text/plain; charset=UTF-8", "quoted-printable", "Hello Jane\n"},
		{"text/html; charset=UTF-8", "quoted-printable", "<p>Hello <b>Jane</b></p>\n"},
	}, parts(t, message))
}

func TestMail_TravelsInAnEnvelopeOfBareAddresses(t *testing.T) {
	d := sendOne(t, newMail("jane@example.org"), nil)
	require.Equal(t, "noreply@example.com", d.from)
	require.Equal(t, "jane@example.org", d.to)
}

func TestMail_UnicodeIsReadBackAsItWas(t *testing.T) {
	m := newMail("jane@example.org")
	m.Subject = "🔑 Потвърдете имейла си, příliš žluťoučký kůň úpěl ďábelské ódy – und zwar bis zum Ende der Zeile 🎉"
	m.Text = "Здравей, Яна 👋\n" + strings.Repeat("дълъг ред ", 300) + "\n.\n..dots\nFrom here\n"
	m.HTML = "<p>" + strings.Repeat("ünïcödé=<", 500) + "</p>"
	m.RedirectTo = "https://app.example.com/bäume?x=🌳"
	d := sendOne(t, m, func(o *smtp.Options) { o.Sender = "Große Müller & Söhne <noreply@example.com>" })
	for _, c := range d.content {
		require.Less(t, c, byte(0x80))
	}
	for line := range bytes.Lines(d.content) {
		require.LessOrEqual(t, len(line), 998+2)
	}
	message := parse(t, d)
	require.Equal(t, m.Subject, decodeHeader(t, message, "Subject"))
	require.Equal(t, m.RedirectTo, decodeHeader(t, message, "X-Redirect-To"))
	from, err := message.Header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, []*mail.Address{{Name: "Große Müller & Söhne", Address: "noreply@example.com"}}, from)
	found := parts(t, message)
	require.Equal(t, m.Text, found[0].text)
	require.Equal(t, m.HTML, found[1].text)
}

func TestMail_LongLinksSurviveOnOneLine(t *testing.T) {
	m := newMail("jane@example.org")
	m.Link = (link + strings.Repeat("%2Fpath", 150))[:998-len("X-Link: ")]
	m.RedirectTo = "https://app.example.com/a b  c"
	message := parse(t, sendOne(t, m, nil))
	require.Equal(t, m.Link, message.Header.Get("X-Link"))
	require.Equal(t, m.RedirectTo, message.Header.Get("X-Redirect-To"))
}

func TestMail_LinksLongerThanALineAreEncodedAndReadBack(t *testing.T) {
	m := newMail("jane@example.org")
	m.Link = (link + strings.Repeat("%2Fpath", 150))[:998-len("X-Link: ")+1]
	require.Equal(t, m.Link, decodeHeader(t, parse(t, sendOne(t, m, nil)), "X-Link"))
	m.Link = link + strings.Repeat("%2Fpath", 700)
	m.RedirectTo = "https://app.example.com/=?UTF-8?Q?not_encoded?="
	d := sendOne(t, m, nil)
	for line := range bytes.Lines(d.content) {
		require.LessOrEqual(t, len(line), 998+2)
	}
	message := parse(t, d)
	require.Equal(t, m.Link, decodeHeader(t, message, "X-Link"))
	require.Equal(t, m.RedirectTo, decodeHeader(t, message, "X-Redirect-To"))
}

func TestMail_LineEndsCannotAddHeaders(t *testing.T) {
	m := newMail("jane@example.org")
	attack := "\r\nBcc: everybody@example.net\r\n\r\nbody\n\x00\u0085"
	m.Subject, m.RedirectTo = "Hello"+attack, "https://app.example.com/"+attack
	m.Link, m.Ticket, m.Template = link+attack, ticket+attack, domain.TemplateEmailVerify+domain.Template(attack)
	m.DisplayName = "Jane" + attack
	d := sendOne(t, m, func(o *smtp.Options) {
		o.Sender, o.XSMTPAPI = "Evil\r\nBcc: everybody@example.net <noreply@example.com>", `{"a":`+"\r\n"+`1}`
	})
	message := parse(t, d)
	flat := "Bcc: everybody@example.netbody"
	require.Empty(t, message.Header.Get("Bcc"))
	require.Equal(t, "Hello"+flat, message.Header.Get("Subject"))
	require.Equal(t, "https://app.example.com/"+flat, message.Header.Get("X-Redirect-To"))
	require.Equal(t, link+flat, message.Header.Get("X-Link"))
	require.Equal(t, ticket+flat, message.Header.Get("X-Ticket"))
	require.Equal(t, "email-verify"+flat, message.Header.Get("X-Email-Template"))
	require.Equal(t, `{"a":1}`, message.Header.Get("X-Smtpapi"))
	from, err := message.Header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, []*mail.Address{{Name: "EvilBcc: everybody@example.net", Address: "noreply@example.com"}}, from)
	require.Equal(t, "jane@example.org", d.to)
	require.Len(t, parts(t, message), 2)
}

func TestMail_RefusesRecipientsThatAreNoPlainAddress(t *testing.T) {
	s := serve(t, plain, &mailServer{})
	mailer := open(t, s.options())
	for _, to := range []string{
		"", "jane", "@example.org", "jane@", "jane@example.org\r\nBcc: x@example.org", "jane@example.org>\r\nRCPT TO:<x@example.org",
		"jane@example.org, joe@example.org", "Jane <jane@example.org>", "jane @example.org", "jäne@example.org", "jane@exämple.org",
		`"jane"@example.org`, "jane@example.org joe@example.org", "jane@example.org\x00",
	} {
		require.EqualError(t, mailer.Send(t.Context(), newMail(to)), "smtp: the recipient is not an e-mail address", to)
	}
	m := newMail("jane@example.org")
	for _, bad := range []string{"", "a b", "a>\r\nBcc: x", "a@b"} {
		m.ID = bad
		require.EqualError(t, mailer.Send(t.Context(), m), "smtp: the mail has no ID that could be a Message-ID")
	}
	require.Zero(t, s.connections())
}

func TestMail_OddLocalPartsAreQuoted(t *testing.T) {
	for _, to := range []string{"jane..doe@example.org", ".jane.@example.org", "o'neil+x=1{}|~@example.org"} {
		d := sendOne(t, newMail(to), nil)
		require.Equal(t, to, d.to)
		list, err := parse(t, d).Header.AddressList("To")
		require.NoError(t, err)
		require.Equal(t, []*mail.Address{{Address: to}}, list)
	}
}

func TestMail_WithoutOneOfTheAlternativesHasOnePart(t *testing.T) {
	m := newMail("jane@example.org")
	m.Text = ""
	message := parse(t, sendOne(t, m, nil))
	require.Equal(t, "text/html; charset=UTF-8", message.Header.Get("Content-Type"))
	require.Equal(t, "quoted-printable", message.Header.Get("Content-Transfer-Encoding"))
	require.Equal(t, strings.TrimSpace(m.HTML), strings.TrimSpace(decode(t, message.Body)))

	m = newMail("jane@example.org")
	m.HTML = ""
	message = parse(t, sendOne(t, m, nil))
	require.Equal(t, "text/plain; charset=UTF-8", message.Header.Get("Content-Type"))
	require.Equal(t, strings.TrimSpace(m.Text), strings.TrimSpace(decode(t, message.Body)))
}

func TestMail_ACodeHasAnEmptyLink(t *testing.T) {
	m := newMail("jane@example.org")
	m.Link, m.Ticket, m.Template = "", "123456", domain.TemplateSignInOTP
	message := parse(t, sendOne(t, m, nil))
	require.Equal(t, []string{""}, message.Header["X-Link"])
	require.Equal(t, "123456", message.Header.Get("X-Ticket"))
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	good := (&mailServer{port: 25}).options()
	for want, change := range map[string]func(*smtp.Options){
		"smtp: no host": func(o *smtp.Options) { o.Host = "" },
		"smtp: port 0 is not between 1 and 65535":                    func(o *smtp.Options) { o.Port = 0 },
		"smtp: a duration is negative":                               func(o *smtp.Options) { o.Timeout = -1 },
		"smtp: no clock":                                             func(o *smtp.Options) { o.Clock = nil },
		"smtp: the name for EHLO is not a host name":                 func(o *smtp.Options) { o.HELO = "a\r\nb" },
		`smtp: AUTH method "NTLM" is none of PLAIN, LOGIN, CRAM-MD5`: func(o *smtp.Options) { o.AuthMethod = "NTLM" },
		"smtp: X-SMTPAPI must be printable ASCII and fit into a line of 998 characters": func(o *smtp.Options) {
			o.XSMTPAPI = strings.Repeat("x", 990)
		},
		"smtp: the sender must be an e-mail address, or a name and an address in angle brackets": func(o *smtp.Options) {
			o.Sender = "Example"
		},
	} {
		o := good
		change(&o)
		_, err := smtp.New(o)
		require.EqualError(t, err, want)
	}
}

func TestNew_AcceptsTheSendersThatThePeerAccepts(t *testing.T) {
	for sender, want := range map[string]mail.Address{
		"noreply@example.com":                     {Address: "noreply@example.com"},
		"<noreply@example.com>":                   {Address: "noreply@example.com"},
		"Acme, Inc. <noreply@example.com>":        {Name: "Acme, Inc.", Address: "noreply@example.com"},
		`"Acme: the app" <noreply@example.com>`:   {Name: "Acme: the app", Address: "noreply@example.com"},
		"=?UTF-8?Q?M=C3=BCller?= <a@example.com>": {Name: "Müller", Address: "a@example.com"},
	} {
		d := sendOne(t, newMail("jane@example.org"), func(o *smtp.Options) { o.Sender = sender })
		require.Equal(t, want.Address, d.from)
		list, err := parse(t, d).Header.AddressList("From")
		require.NoError(t, err)
		require.Equal(t, []*mail.Address{&want}, list)
	}
}
