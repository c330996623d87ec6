package smtp_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	server "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/smtp"
	"github.com/hexauth/hexauth/port/porttest"
)

var allMechanisms = []string{"PLAIN", "LOGIN", "CRAM-MD5"}

func TestAuth_WorksWithEveryMechanismOverEveryKindOfTLS(t *testing.T) {
	for name, kind := range map[string]kind{"STARTTLS": startTLS, "implicit": implicitTLS} {
		for _, method := range append(allMechanisms, "plain", "") {
			t.Run(name+" "+method, func(t *testing.T) {
				s := serve(t, kind, &mailServer{mechanisms: allMechanisms})
				o := s.remote("mx.example.net")
				o.Secure, o.User, o.Password, o.AuthMethod = kind == implicitTLS, user, password, method
				require.NoError(t, open(t, o).Send(t.Context(), newMail("jane@example.org")))
				mails := s.mails()
				require.Len(t, mails, 1)
				require.True(t, mails[0].tls)
				want := map[string]string{"plain": "PLAIN", "": "PLAIN"}[method]
				if want == "" {
					want = method
				}
				require.Equal(t, want+" mailer", mails[0].as)
			})
		}
	}
}

func TestAuth_IsLeftOutWithoutAUser(t *testing.T) {
	s := serve(t, startTLS, &mailServer{})
	require.NoError(t, open(t, s.options()).Send(t.Context(), newMail("jane@example.org")))
	mails := s.mails()
	require.Len(t, mails, 1)
	require.True(t, mails[0].tls, "STARTTLS is used although nothing demands it")
	require.Empty(t, mails[0].as)
}

func TestAuth_NeedsAServerThatOffersIt(t *testing.T) {
	s := serve(t, startTLS, &mailServer{mechanisms: []string{"CRAM-MD5"}})
	o := s.options()
	o.User, o.Password = user, password
	require.EqualError(t, open(t, o).Send(t.Context(), newMail("jane@example.org")), "smtp: connecting: server does not support SMTP AUTH type: PLAIN")
	s.awaitEnd(t)
	require.Empty(t, s.credentials())
}

func TestAuth_ARefusedPasswordIsAnErrorWithoutIt(t *testing.T) {
	for _, method := range allMechanisms {
		s := serve(t, startTLS, &mailServer{mechanisms: allMechanisms})
		o := s.options()
		o.User, o.Password, o.AuthMethod = user, "not-the-pa55word", method
		mailer := open(t, o)
		porttest.UnreachableMailer(t, mailer, "not-the-pa55word", "bm90LXRoZS1wYTU1d29yZA")
		err := mailer.Send(t.Context(), newMail("jane@example.org"))
		require.ErrorContains(t, err, "535 5.7.8 no: mailer")
		require.Empty(t, s.mails())
	}
}

// An attacker between us and the server takes STARTTLS out of its answer and waits for the password.
func TestStrippedSTARTTLS_GetsNoPasswordFromARemoteHost(t *testing.T) {
	for _, method := range []string{"PLAIN", "LOGIN"} {
		s := serve(t, plain, &mailServer{mechanisms: allMechanisms})
		o := s.remote("mx.example.net")
		o.User, o.Password, o.AuthMethod = user, password, method
		err := open(t, o).Send(t.Context(), newMail("jane@example.org"))
		require.EqualError(t, err, "smtp: connecting: SMTP AUTH failed: unencrypted connection")
		require.Empty(t, s.credentials())
		require.Empty(t, s.mails())
	}
}

func TestClearText_IsFineForLoopbackAndMailhog(t *testing.T) {
	for _, host := range []string{"mailhog", "localhost", "127.0.0.1", "127.0.0.2", "::1", "[::1]"} {
		for _, method := range []string{"PLAIN", "LOGIN"} {
			s := serve(t, plain, &mailServer{mechanisms: allMechanisms})
			o := s.remote(host)
			o.User, o.Password, o.AuthMethod = user, password, method
			require.NoError(t, open(t, o).Send(t.Context(), newMail("jane@example.org")), host)
			mails := s.mails()
			require.Len(t, mails, 1)
			require.False(t, mails[0].tls)
			require.Equal(t, method+" mailer", mails[0].as)
		}
	}
}

func TestCRAMMD5_DoesNotShowThePassword(t *testing.T) {
	s := serve(t, plain, &mailServer{mechanisms: allMechanisms})
	o := s.remote("mx.example.net")
	o.User, o.Password, o.AuthMethod = user, password, "CRAM-MD5"
	require.NoError(t, open(t, o).Send(t.Context(), newMail("jane@example.org")))
	require.NotContains(t, s.credentials(), password)
}

func TestTLS_RefusesCertificatesItCannotVerify(t *testing.T) {
	for name, kind := range map[string]kind{"STARTTLS": startTLS, "implicit": implicitTLS} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kind, &mailServer{mechanisms: allMechanisms})
			unknown := s.options()
			unknown.TLSConfig = nil
			misnamed := s.remote("mail.example.net")
			for _, o := range []smtp.Options{unknown, misnamed} {
				o.Secure, o.User, o.Password = kind == implicitTLS, user, password
				err := open(t, o).Send(t.Context(), newMail("jane@example.org"))
				var refused *tls.CertificateVerificationError
				require.ErrorAs(t, err, &refused)
			}
			var wrongName x509.HostnameError
			misnamed.Secure = kind == implicitTLS
			require.ErrorAs(t, open(t, misnamed).Send(t.Context(), newMail("jane@example.org")), &wrongName)
			require.Empty(t, s.mails())
			require.Empty(t, s.credentials())
		})
	}
}

func TestEHLO_NamesTheSendersDomainUnlessToldOtherwise(t *testing.T) {
	for configured, want := range map[string]string{"": "example.com", "auth.example.com": "auth.example.com"} {
		var got string
		s := serve(t, plain, &mailServer{onMail: func(_ int, c *server.Conn) error { got = c.Hostname(); return nil }})
		o := s.options()
		o.HELO = configured
		require.NoError(t, open(t, o).Send(t.Context(), newMail("jane@example.org")))
		require.Equal(t, want, got)
	}
}

func TestCheck_LogsInAndTellsWhetherItWasEncryptedWithoutSendingAnything(t *testing.T) {
	for name, kind := range map[string]kind{"STARTTLS": startTLS, "implicit": implicitTLS} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kind, &mailServer{mechanisms: allMechanisms})
			o := s.remote("mx.example.net")
			o.Secure, o.User, o.Password = kind == implicitTLS, user, password
			encrypted, err := open(t, o).Check(t.Context())
			require.NoError(t, err)
			require.True(t, encrypted)
			require.Empty(t, s.mails())
			o.Password = "hunter2"
			_, err = open(t, o).Check(t.Context())
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
	s := serve(t, plain, &mailServer{})
	encrypted, err := open(t, s.options()).Check(t.Context())
	require.NoError(t, err)
	require.False(t, encrypted)
}
