package takeover

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/authenticator"
	"github.com/hexauth/hexauth/test/providers"
)

// remnant is something that a server of an era leaves behind.
type remnant struct {
	what  string
	since int // the version that brought it
	// leave writes it; the function it returns proves that it still works.
	leave func(w *world) (works func(s *site))
}

// remnants is everything that may be in a database.
func remnants() []remnant {
	var list []remnant
	for _, part := range [][]remnant{accounts(), sessions(), mails(), phones(), factors(), keys(), links()} {
		list = append(list, part...)
	}
	return list
}

func accounts() []remnant {
	return []remnant{
		{"a password, roles, metadata and a locale", 1, func(w *world) func(*site) {
			id := w.peer.add(account{
				email: "Ada@Example.com", hash: hashed(), role: "editor", roles: []string{"editor", "me", "user"}, metadata: `{"plan": "gold"}`, locale: "de", name: "Ada L.",
			})
			return func(s *site) {
				got := s.signIn("ada@example.com").session()
				want := user{
					ID: id, Email: "Ada@Example.com", EmailVerified: true, DisplayName: "Ada L.", AvatarURL: "https://s.gravatar.com/avatar/1?r=g", Locale: "de",
					DefaultRole: "editor", Roles: []string{"editor", "me", "user"}, Metadata: json.RawMessage(`{"plan":"gold"}`),
				}
				if w.peer.era.version < withMetadata {
					want.Metadata = json.RawMessage(`null`)
				}
				require.Equal(s.t, want, got.User)
				var again user
				require.NoError(s.t, json.Unmarshal([]byte(s.get("/user", got.AccessToken).ok().body), &again))
				require.Equal(s.t, want, again)
				s.post("/signin/email-password", "", object{"email": "ada@example.com", "password": "another"}).refused(http.StatusUnauthorized, "invalid-email-password")
				s.signIn("ADA@EXAMPLE.COM").session() // with the hash that has taken the place of the old one
			}
		}},
		{"a password that Node has hashed, without metadata", 1, func(w *world) func(*site) {
			w.peer.add(account{email: "bob@example.com", hash: hashedByNode()})
			return func(s *site) {
				got := s.signIn("bob@example.com").session()
				require.Equal(s.t, "null", string(got.User.Metadata))
				require.Equal(s.t, []string{"me", "user"}, got.User.Roles)
			}
		}},
		{"empty metadata", withMetadata, func(w *world) func(*site) {
			w.peer.add(account{email: "emma@example.com", hash: hashedByNode(), metadata: "{}"})
			w.peer.add(account{email: "nina@example.com", hash: hashedByNode(), metadata: "null"})
			return func(s *site) {
				require.Equal(s.t, "{}", string(s.signIn("emma@example.com").session().User.Metadata))
				require.Equal(s.t, "null", string(s.signIn("nina@example.com").session().User.Metadata))
			}
		}},
		{"a user without a row of roles", 1, func(w *world) func(*site) {
			w.peer.add(account{email: "rob@example.com", hash: hashed(), rowless: true})
			return func(s *site) {
				require.Equal(s.t, []string{"user"}, s.signIn("rob@example.com").session().User.Roles)
			}
		}},
		{"users without a password", 1, func(w *world) func(*site) {
			w.peer.add(account{email: "cleo@example.com"})
			empty := w.peer.add(account{email: "clara@example.com"})
			w.peer.exec(`UPDATE auth.users SET password_hash = '', ticket = '', ticket_expires_at = '0001-01-01T00:00:00Z' WHERE id = $1`, empty)
			return func(s *site) {
				for _, email := range []string{"cleo@example.com", "clara@example.com"} {
					s.signIn(email).refused(http.StatusUnauthorized, "invalid-email-password")
					s.post("/signin/email-password", "", object{"email": email, "password": ""}).refused(http.StatusBadRequest, "schema-validation-error")
					s.post("/signin/passwordless/email", "", object{"email": email}).ok()
				}
			}
		}},
		{"a disabled user", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "dora@example.com", hash: hashed(), disabled: true})
			token := w.peer.token(id, "regular", "", time.Hour)
			return func(s *site) {
				s.signIn("dora@example.com").refused(http.StatusUnauthorized, "disabled-user")
				require.Equal(s.t, http.StatusUnauthorized, s.refresh(token).status)
			}
		}},
		{"an anonymous user", 1, func(w *world) func(*site) {
			id := w.peer.add(account{role: "anonymous", anonymous: true, name: "Anonymous User"})
			token := w.peer.token(id, "regular", "", time.Hour)
			return func(s *site) {
				got := s.refresh(token).session()
				require.Equal(s.t, id, got.User.ID)
				require.True(s.t, got.User.IsAnonymous)
				require.Equal(s.t, []string{"anonymous"}, got.User.Roles)
				s.post("/user/deanonymize", got.AccessToken, object{
					"signInMethod": "email-password", "email": "anna@example.com", "password": password,
				}).ok()
			}
		}},
	}
}

func sessions() []remnant {
	return []remnant{
		{"a session", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "sam@example.com", hash: hashed()})
			token, other, old := w.peer.token(id, "regular", "", time.Hour), w.peer.token(id, "regular", "", time.Hour), w.peer.token(id, "regular", "", -time.Second)
			return func(s *site) {
				first := s.refresh(token).session()
				require.Equal(s.t, id, first.User.ID)
				second := s.refresh(first.RefreshToken).session()
				require.Equal(s.t, first.ID, second.ID)
				s.refresh(old).refused(http.StatusUnauthorized, "invalid-refresh-token")
				s.post("/signout", "", object{"refreshToken": other}).ok()
				s.refresh(other).refused(http.StatusUnauthorized, "invalid-refresh-token")
			}
		}},
		{"a session whose token is the id of its row", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "olga@example.com", hash: hashed()})
			token := w.peer.oldToken(id)
			return func(s *site) {
				require.Empty(s.t, w.peer.all(`SELECT id FROM auth.refresh_tokens WHERE id = $1`, token))
				require.NotEqual(s.t, token, s.refresh(token).session().ID)
			}
		}},
		{"an access token", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "alex@example.com", hash: hashed()})
			token := w.peer.accessToken(id, w.url)
			return func(s *site) {
				require.Equal(s.t, id, s.get("/user", token).ok().fields()["id"])
				s.post("/token/verify", token, object{}).ok()
				require.NotEmpty(s.t, s.post("/pat", token, object{"expiresAt": time.Now().Add(time.Hour)}).ok().fields()["personalAccessToken"])
			}
		}},
		{"personal access tokens", withPATs, func(w *world) func(*site) {
			id := w.peer.add(account{email: "paul@example.com", hash: hashed()})
			token, old := w.peer.token(id, "pat", `{"name":"ci"}`, time.Hour), w.peer.token(id, "pat", "", -time.Hour)
			return func(s *site) {
				for range 2 {
					require.Equal(s.t, id, s.post("/signin/pat", "", object{"personalAccessToken": token}).session().User.ID)
				}
				s.post("/signin/pat", "", object{"personalAccessToken": old}).refused(http.StatusUnauthorized, "invalid-pat")
				s.refresh(token).refused(http.StatusUnauthorized, "invalid-refresh-token")
			}
		}},
		{"a code for an app (PKCE)", 21, func(w *world) func(*site) {
			const verifier, code = "a-verifier-of-forty-three-characters-or-more", "dGhpcnR5LXR3byByYW5kb20gYnl0ZXMgb2YgYSBjb2Rl"
			id := w.peer.add(account{email: "pkce@example.com", hash: hashed()})
			w.peer.exec(`INSERT INTO auth.pkce_authorization_codes (user_id, code_hash, code_challenge, redirect_to, expires_at)
				VALUES ($1, $2, $3, $4, now() + interval '5 minutes')`, id, digest(code), digest(verifier), appURL)
			return func(s *site) {
				require.Equal(s.t, id, s.post("/token/exchange", "", object{"code": code, "codeVerifier": verifier}).session().User.ID)
			}
		}},
	}
}

// digest is base64url of the SHA-256.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func mails() []remnant {
	ticket := func(purpose string) string { return purpose + ":" + uuid.NewString() }
	return []remnant{
		{"a link that verifies an address", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "eve@example.com", hash: hashed(), pending: true})
			link := w.peer.ticket(id, ticket("verifyEmail"), 720*time.Hour)
			return func(s *site) {
				s.signIn("eve@example.com").refused(http.StatusUnauthorized, "unverified-user")
				query := s.opens(link)
				require.Equal(s.t, "verifyEmail", query.Get("type"))
				require.True(s.t, s.brings(query).User.EmailVerified)
				s.signIn("eve@example.com").session()
			}
		}},
		{"a link that signs in", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "liz@example.com", pending: true})
			link := w.peer.ticket(id, ticket("passwordlessEmail"), time.Hour)
			return func(s *site) {
				query := s.opens(link)
				require.Equal(s.t, "passwordlessEmail", query.Get("type"))
				require.Equal(s.t, id, s.brings(query).User.ID)
			}
		}},
		{"a link that has expired", 1, func(w *world) func(*site) {
			link := w.peer.ticket(w.peer.add(account{email: "late@example.com"}), ticket("passwordlessEmail"), -time.Second)
			return func(s *site) { require.Equal(s.t, "invalid-ticket", s.opens(link).Get("error")) }
		}},
		{"a link to reset a password", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "fay@example.com", hash: hashed()})
			link := w.peer.ticket(id, ticket("passwordReset"), time.Hour)
			return func(s *site) {
				got := s.brings(s.opens(link))
				s.post("/user/password", got.AccessToken, object{"newPassword": "staple battery"}).ok()
				s.post("/signin/email-password", "", object{"email": "fay@example.com", "password": "staple battery"}).session()
			}
		}},
		{"a ticket to reset a password", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "finn@example.com", hash: hashed()})
			link := w.peer.ticket(id, ticket("passwordReset"), time.Hour)
			return func(s *site) {
				s.post("/user/password", "", object{"newPassword": "staple battery", "ticket": link}).ok()
				s.post("/signin/email-password", "", object{"email": "finn@example.com", "password": "staple battery"}).session()
				s.post("/user/password", "", object{"newPassword": "horse", "ticket": link}).refused(http.StatusUnauthorized, "invalid-ticket")
			}
		}},
		{"a link to a new address", 1, func(w *world) func(*site) {
			id := w.peer.add(account{email: "gina@example.com", hash: hashed()})
			w.peer.exec(`UPDATE auth.users SET new_email = 'Gina.New@example.com' WHERE id = $1`, id)
			link := w.peer.ticket(id, ticket("emailConfirmChange"), time.Hour)
			return func(s *site) {
				require.Equal(s.t, "Gina.New@example.com", s.brings(s.opens(link)).User.Email)
				s.signIn("gina.new@example.com").session()
				s.signIn("gina@example.com").refused(http.StatusUnauthorized, "invalid-email-password")
			}
		}},
		{"a mailed code", withGo, func(w *world) func(*site) {
			id := w.peer.add(account{email: "quinn@example.com", hash: hashed()})
			w.peer.ticket(id, "012345", time.Hour)
			return func(s *site) {
				verify := func(code string) answer {
					return s.post("/signin/otp/email/verify", "", object{"email": "quinn@example.com", "otp": code})
				}
				verify("543210").refused(http.StatusUnauthorized, "invalid-ticket")
				require.Equal(s.t, id, verify("012345").session().User.ID)
				verify("012345").refused(http.StatusUnauthorized, "invalid-ticket")
			}
		}},
	}
}

func phones() []remnant {
	verify := func(s *site, number, code string) answer {
		return s.post("/signin/passwordless/sms/otp", "", object{"phoneNumber": number, "otp": code})
	}
	return []remnant{
		{"a code that was sent to a phone", 1, func(w *world) func(*site) {
			id := w.peer.add(account{phone: "+4915123456789", name: "Rosa"})
			w.peer.smsCode(id, "054321")
			return func(s *site) {
				verify(s, "+4915123456789", "154321").refused(http.StatusBadRequest, "invalid-request")
				got := verify(s, "+4915123456789", "054321").session()
				require.Equal(s.t, id, got.User.ID)
				require.True(s.t, got.User.PhoneNumberVerified)
				verify(s, "+4915123456789", "054321").refused(http.StatusBadRequest, "invalid-request")
			}
		}},
		{"a phone number written with spaces", 1, func(w *world) func(*site) {
			id := w.peer.add(account{phone: "+49 151 2345 6780", name: "Sven"})
			w.peer.smsCode(id, "654321")
			return func(s *site) {
				require.Equal(s.t, id, verify(s, "+4915123456780", "654321").session().User.ID)
				s.post("/signin/passwordless/sms", "", object{"phoneNumber": "+49 1512 3456780"}).ok()
				require.Equal(s.t, id, verify(s, "+49 151 23456780", w.gateway.code(s.t, "+4915123456780")).session().User.ID)
			}
		}},
	}
}

func factors() []remnant {
	const short, medium = "GEZDGNBVGY3TQOJQ", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR" // of Node's libraries
	const long = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"          // of Go's
	var list []remnant
	for i, secret := range []string{short, medium, long} {
		list = append(list, remnant{fmt.Sprintf("an authenticator app with a secret of %d characters", len(secret)), 1, func(w *world) func(*site) {
			email := fmt.Sprintf("totp%d@example.com", i)
			id := w.peer.add(account{email: email, hash: hashed()})
			w.peer.totp(id, secret)
			return func(s *site) {
				got := s.signIn(email).ok().fields()
				require.Nil(s.t, got["session"])
				ticket := got["mfa"].(object)["ticket"]
				s.post("/signin/mfa/totp", "", object{"ticket": ticket, "otp": "abcdef"}).refused(http.StatusUnauthorized, "invalid-totp")
				second := s.post("/signin/mfa/totp", "", object{"ticket": ticket, "otp": appCode(s.t, secret)}).session()
				require.Equal(s.t, id, second.User.ID)
				require.Equal(s.t, "totp", second.User.ActiveMFAType)
			}
		}})
	}
	return append(list, remnant{"a sign-in between its two steps", 1, func(w *world) func(*site) {
		id := w.peer.add(account{email: "kim@example.com", hash: hashed()})
		w.peer.totp(id, long)
		ticket := w.peer.ticket(id, "mfaTotp:"+uuid.NewString(), 5*time.Minute)
		return func(s *site) {
			second := func() answer {
				return s.post("/signin/mfa/totp", "", object{"ticket": ticket, "otp": appCode(s.t, long)})
			}
			require.Equal(s.t, id, second().session().User.ID)
			second().refused(http.StatusUnauthorized, "invalid-ticket")
		}
	}})
}

func keys() []remnant {
	id := func(key *authenticator.Key) string { return base64.RawURLEncoding.EncodeToString(key.ID) }
	return []remnant{
		{"a passkey whose user handle is what browsers make of the user's id", withKeys, func(w *world) func(*site) {
			user := w.peer.add(account{email: "liam@example.com"})
			key := authenticator.ES256(appURL, domain, "liam "+w.url)
			var err error
			key.Handle, err = base64.RawURLEncoding.DecodeString(user)
			require.NoError(w.peer.t, err)
			require.Len(w.peer.t, key.Handle, 27)
			key.Eligible, key.BackedUp = true, true // a synced key, which the server did not note
			w.peer.securityKey(user, id(key), key.PublicKey(), 0, "", "")
			return func(s *site) {
				require.Equal(s.t, user, s.withKey(key).User.ID)
				require.Equal(s.t, user, s.withKey(key).User.ID)
			}
		}},
		{"a security key that counts, and whose user handle is the user's id", withKeys, func(w *world) func(*site) {
			user := w.peer.add(account{email: "mona@example.com", hash: hashed()})
			key := authenticator.EdDSA(appURL, domain, "mona "+w.url)
			key.Handle, key.Counter, key.Counts = []byte(user), 8, true
			w.peer.securityKey(user, id(key), key.PublicKey(), 7, "usb,nfc", "blue")
			return func(s *site) {
				got := s.withKeyOf("mona@example.com", key)
				require.Equal(s.t, user, got.User.ID)
				listed := s.get("/user/webauthn", got.AccessToken).ok().body
				if w.peer.era.version >= withKeyNames {
					require.Contains(s.t, listed, `"nickname":"blue"`)
				}
				require.Equal(s.t, user, s.withKeyOf("mona@example.com", key).User.ID)
			}
		}},
		{"a key whose counter was never kept", withGo, func(w *world) func(*site) {
			user := w.peer.add(account{email: "mike@example.com", hash: hashed()})
			key := authenticator.RS256(appURL, domain, "mike "+w.url)
			key.Handle, key.Counter, key.Counts = []byte(user), 4711, true
			w.peer.securityKey(user, id(key), key.PublicKey(), 0, "", "")
			return func(s *site) { require.Equal(s.t, user, s.withKey(key).User.ID) }
		}},
	}
}

// identities are accounts at providers, by what the server keeps of them.
func identities() map[string]string {
	return map[string]string{
		"apple": "001234.a1b2c3d4e5f60718293a4b5c6d7e8f90.1234", "azuread": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
		"bitbucket": "{79a53db7-6c4d-4b23-9f5c-1f2c1d2b6a55}", "discord": "80351110224678912", "entraid": "OLu859SGc2Sr9ZsqbkG-QbeLgJlb41KcdiPoLYNpSFA",
		"facebook": "10158423497461287", "github": "583231", "gitlab": "1701", "google": "110169484474386276334", "linkedin": "782bbtaQ",
		"spotify": "wizzler", "strava": "134815", "twitch": "141981764", "twitter": "2244994945",
		"windowslive": "contact.c1678ab4000000000000000000000000", "workos": "prof_01DMC79VCBZ0NY2099737PSVF1",
	}
}

func links() []remnant {
	var list []remnant
	for name, account := range identities() {
		list = append(list, linkTo(name, account))
	}
	return append(list, remnant{"a link with the tokens of a provider", encrypting, func(w *world) func(*site) {
		id := w.peer.add(account{email: "pia@example.com"})
		w.peer.link(id, "gitlab", "99", encrypt(w.peer.t,
			`{"accessToken":"access-1","expiresIn":7200,"expiresAt":"2030-01-02T03:04:05Z","refreshToken":"refresh-1"}`))
		token := w.peer.token(id, "regular", "", time.Hour)
		return func(s *site) {
			got := s.get("/signin/provider/gitlab/callback/tokens", s.refresh(token).session().AccessToken).ok().fields()
			require.Equal(s.t, "access-1", got["accessToken"])
			require.Equal(s.t, "refresh-1", got["refreshToken"])
			require.Equal(s.t, "2030-01-02T03:04:05Z", got["expiresAt"])
		}
	}})
}

// linkTo is a link to a provider, with what the server of the era keeps beside it.
func linkTo(provider, identity string) remnant {
	since := map[string]int{"discord": 3, "twitch": 3, "workos": 8, "azuread": 10, "entraid": 18}[provider]
	return remnant{"a link to " + provider, max(since, 1), func(w *world) func(*site) {
		id := w.peer.add(account{email: provider + "@example.com"})
		access := "unset"
		if w.peer.era.version < withGo {
			access = "a token of the provider in clear"
		}
		w.peer.link(id, provider, identity, access)
		return func(s *site) {
			s.t.Helper()
			// The address at the provider is another one, so that nothing but the link leads to the account.
			query := s.through(provider, providers.Person{ID: identity, Email: "other." + provider + "@example.org", Attested: providers.Yes, Name: "Otto"}, nil)
			require.Equal(s.t, id, s.brings(query).User.ID)
		}
	}}
}
