package usecase_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/jwt"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// logged returns what the audit log has, oldest first.
func logged(t *testing.T, k *kit.Kit, q domain.EventQuery) []domain.Event {
	t.Helper()
	q.Limit = 1000
	events, err := (&usecase.ListEvents{Store: k.Store}).Do(t.Context(), domain.UserRef{ID: q.User}, q)
	require.NoError(t, err)
	return events
}

// lastLogged returns the newest event of a kind.
func lastLogged(t *testing.T, k *kit.Kit, kind domain.EventKind) domain.Event {
	t.Helper()
	for _, event := range slices.Backward(k.Witness.Events()) {
		if event.Kind == kind {
			require.Contains(t, logged(t, k, domain.EventQuery{Filter: domain.EventFilter(kind)}), event)
			return event
		}
	}
	require.Fail(t, "no such event", kind)
	return domain.Event{}
}

func TestAudit_TakesDownEveryKindOfEvent(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on, func(s *kit.Settings) { s.AdminKey = "the secret of administrators, long" })
		passwordEvents(t, v.Kit)
		factorEvents(t, v.Kit)
		keyEvents(t, v.Kit)
		providerEvents(t, v)
		administrationEvents(t, v.Kit)
		seen := map[domain.EventKind]bool{}
		for _, event := range logged(t, v.Kit, domain.EventQuery{}) {
			seen[event.Kind] = true
		}
		for _, kind := range domain.EventKinds() {
			require.True(t, seen[kind], kind)
		}
		require.Len(t, seen, len(domain.EventKinds()))
	})
}

func passwordEvents(t *testing.T, k *kit.Kit) {
	session := k.SignUp("pat@example.com")
	_, err := k.SignIn("pat@example.com", "wrong password")
	require.ErrorIs(t, err, domain.InvalidEmailPassword)
	id, token := createPAT(t, k, session.User.ID, time.Hour)
	_, err = k.SignInPAT.Do(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, domain.MethodPAT, lastLogged(t, k, domain.SignInSucceeded).Method)
	require.NoError(t, k.DeletePAT.Do(t.Context(), session.User.ID, id))
	require.Equal(t, id, lastLogged(t, k, domain.PATRemoved).Target)
	require.NoError(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, NewPassword: "another password"}))
	require.NoError(t, redeemReset(k, resetMail(t, k, "pat@example.com")))
	require.NoError(t, askChange(k, session.User.ID, usecase.MailInput{Email: "patricia@example.com"}))
	mustFollow(t, k, k.LastMail())
	require.NoError(t, askByLink(k, usecase.EmailSignInInput{Email: "lin@example.com"}))
	mustFollow(t, k, k.LastMail())
	require.Equal(t, domain.MethodEmailLink, lastLogged(t, k, domain.SignInSucceeded).Method)
	someone := anonymous(t, k)
	require.NoError(t, deanonymize(k, someone, usecase.DeanonymizeUserInput{Email: "ann@example.com", Password: kit.Password}))
	kept := k.SignUp("kit@example.com")
	require.NoError(t, k.EndSession.Do(t.Context(), kept.User.ID, kept.ID))
	require.NoError(t, k.UseCases.SignOut.Do(t.Context(), usecase.SignOutInput{Bearer: kept.User.ID, All: true}))
	stolen := k.SignUp("ron@example.com")
	k.MustRefresh(stolen.RefreshToken)
	k.Clock.Advance(time.Minute)
	_, err = k.Refresh(stolen.RefreshToken)
	require.ErrorIs(t, err, domain.InvalidRefreshToken)
	require.Equal(t, stolen.ID, lastLogged(t, k, domain.RefreshTokenReused).SessionID)
}

func factorEvents(t *testing.T, k *kit.Kit) {
	user := k.SignUp("jane@example.com").User
	a := enrol(t, k, user.ID)
	codes := recoveryCodes(t, k, user.ID, a.code())
	_, err := secondStep(k, firstStep(t, k), a.wrong())
	require.ErrorIs(t, err, domain.InvalidTOTP)
	failed := lastLogged(t, k, domain.SignInFailed)
	require.Equal(t, []any{user.ID, domain.MethodTOTP, domain.InvalidTOTP, domain.ActorClient}, []any{failed.UserID, failed.Method, failed.Reason, failed.Actor})
	_, err = secondStep(k, firstStep(t, k), string(codes[0]))
	require.NoError(t, err)
	_, err = k.ElevateTOTP.Do(t.Context(), user.ID, a.wrong())
	require.ErrorIs(t, err, domain.InvalidTOTP)
	_, err = k.ElevateTOTP.Do(t.Context(), user.ID, a.code())
	require.NoError(t, err)
	require.ErrorIs(t, change(k, user.ID, a.wrong(), false), domain.InvalidTOTP)
	require.NoError(t, change(k, user.ID, a.code(), false))
}

func keyEvents(t *testing.T, k *kit.Kit) {
	user, key := k.SignUp("kay@example.com").User, passkey("kay's")
	id := addKey(t, k, k, key, user.ID)
	_, err := k.RenameSecurityKey.Do(t.Context(), usecase.RenameSecurityKeyInput{Bearer: user.ID, ID: id, Nickname: "blue"})
	require.NoError(t, err)
	k.Exec("UPDATE auth.user_security_keys SET counter = 1000")
	key.Counter = 5
	options, err := k.SignInWebauthn.Do(t.Context(), "")
	require.NoError(t, err)
	_, err = k.VerifySignInWebauthn.Do(t.Context(), key.Get(options))
	require.ErrorIs(t, err, domain.InvalidRequest)
	require.Equal(t, string(id), lastLogged(t, k, domain.SecurityKeyCopied).Target)
	require.NoError(t, k.RemoveSecurityKey.Do(t.Context(), user.ID, id))
}

func providerEvents(t *testing.T, v *visitor) {
	session := v.SignUp("joe@example.com")
	require.NoError(t, v.connect(session.AccessToken, unattested()))
	require.Equal(t, "github", lastLogged(t, v.Kit, domain.ProviderLinked).Target)
	links, err := v.ListProviders.Do(t.Context(), session.User.ID)
	require.NoError(t, err)
	require.NoError(t, v.UnlinkProvider.Do(t.Context(), session.User.ID, links[0].ID))
	who := jane() // whose address joe has made an account for, without ever proving that it is his
	v.SignUp("mine@example.com")
	who.Email = "mine@example.com"
	v.arrives(who)
	require.Equal(t, []any{domain.MethodProvider, "github"}, []any{lastLogged(t, v.Kit, domain.SignInSucceeded).Method, lastLogged(t, v.Kit, domain.SignInSucceeded).Target})
}

func administrationEvents(t *testing.T, k *kit.Kit) {
	require.ErrorIs(t, k.AdminAuthenticate.Do(t.Context(), "guess"), domain.InvalidAdminSecret)
	yes, no, name := true, false, "Max"
	account, err := k.AdminCreateUser.Do(t.Context(), usecase.AdminCreateUserInput{Email: "max@example.com"})
	require.NoError(t, err)
	for _, wanted := range []domain.UserChange{{Disabled: &yes}, {Disabled: &no}, {DisplayName: &name}} {
		_, err = k.AdminUpdateUser.Do(t.Context(), byID(account.ID), wanted)
		require.NoError(t, err)
	}
	export, err := k.AdminExportUser.Do(t.Context(), byID(account.ID))
	require.NoError(t, err)
	require.NotEmpty(t, export.Events)
	gone, err := k.AdminCreateUser.Do(t.Context(), usecase.AdminCreateUserInput{Email: "gone@example.com"})
	require.NoError(t, err)
	require.NoError(t, k.AdminDeleteUser.Do(t.Context(), byID(gone.ID)))
	_, err = newImporter(t, k, k.Store).do(people(3))
	require.NoError(t, err)
	require.Equal(t, "3", lastLogged(t, k, domain.UsersImported).Target)
	rotate := &usecase.RotateSigningKey{
		Store: k.Store, Audit: k.Audit, Maker: jwt.Maker{Cipher: kit.Cipher{}, Random: rand.Reader}, Clock: k.Clock, Algorithm: "ES256",
	}
	made, err := rotate.Do(t.Context(), 0)
	require.NoError(t, err)
	rotated := lastLogged(t, k, domain.SigningKeyRotated)
	require.Equal(t, []any{made.ID, domain.ActorAdministrator}, []any{rotated.Target, rotated.Actor})
}

func TestAudit_SaysWhoWhatWhenAndFromWhere(t *testing.T) {
	k := kit.New(t)
	session := k.SignUp("jane@example.com")
	device := domain.Device{Address: "203.0.113.7", UserAgent: "curl/8"}
	ctx := domain.WithRequestID(domain.WithDevice(t.Context(), device), "r-7")
	_, err := k.UseCases.SignInEmailPassword.Do(ctx, usecase.SignInEmailPasswordInput{Email: "jane@example.com", Password: "wrong password"})
	require.ErrorIs(t, err, domain.InvalidEmailPassword)
	events := logged(t, k, domain.EventQuery{User: session.User.ID, Filter: domain.EventFilter(domain.SignInFailed)})
	require.Len(t, events, 1)
	require.Equal(t, domain.Event{
		ID: events[0].ID, Kind: domain.SignInFailed, At: k.Clock.Now(), Actor: domain.ActorClient, UserID: session.User.ID, Method: domain.MethodPassword,
		Reason: domain.InvalidEmailPassword, Device: device, RequestID: "r-7",
	}, events[0])
}

func TestAudit_KeepsNothingOfWhatWasTypedForAnAddressThatNobodyHas(t *testing.T) {
	k := kit.New(t)
	for _, typed := range []domain.Email{"hunter2@secret", "my-password@example.com"} {
		_, err := k.SignIn(typed, "x")
		require.ErrorIs(t, err, domain.InvalidEmailPassword)
		_, err = guess(k, typed, "123456")
		require.ErrorIs(t, err, domain.InvalidTicket)
	}
	text := content(t, k)["hexauth_events"]
	require.Contains(t, text, "sign_in.failed")
	require.NotContains(t, text, "hunter2")
	require.NotContains(t, text, "my-password")
	for _, event := range k.Witness.Events() {
		require.Equal(t, domain.UserID(""), event.UserID)
		require.Equal(t, "", event.Target)
	}
}

func TestAudit_AChangeThatFailsLeavesNoEventAndAnEventThatFailsNoChange(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		session := k.SignUp("jane@example.com")
		require.ErrorIs(t, k.DeletePAT.Do(t.Context(), session.User.ID, "6f8a1f52-6ab5-4d4c-8a56-0d9c3bd7a1d2"), domain.NotFound)
		require.Empty(t, logged(t, k, domain.EventQuery{Filter: "pat"}))
		k.Exec("DROP TABLE auth.hexauth_events")
		require.Error(t, changePassword(k, usecase.ChangeUserPasswordInput{Bearer: session.User.ID, NewPassword: "another password"}))
		_, err := k.SignIn("jane@example.com", kit.Password)
		require.NoError(t, err, "the password is the old one, and a sign-in does not need the log")
	})
}

func TestAudit_SwitchedOffKeepsNothingAndStillTells(t *testing.T) {
	k := kit.New(t, func(s *kit.Settings) { s.AuditOff = true })
	k.SignUp("jane@example.com")
	_, err := k.SignIn("jane@example.com", kit.Password)
	require.NoError(t, err)
	require.Empty(t, logged(t, k, domain.EventQuery{}))
	var kinds []domain.EventKind
	for _, event := range k.Witness.Events() {
		kinds = append(kinds, event.Kind)
	}
	require.Equal(t, []domain.EventKind{domain.UserCreated, domain.SignInSucceeded}, kinds)
}

func TestAudit_KeepsEventsForTheirTime(t *testing.T) {
	k := kit.New(t)
	k.SignUp("jane@example.com")
	k.Clock.Advance(time.Hour)
	k.SignUp("joe@example.com")
	clean := &usecase.DeleteExpired{Store: k.Store, Clock: k.Clock, Batch: 10, KeepEvents: time.Hour}
	_, err := clean.Do(t.Context())
	require.NoError(t, err)
	require.Len(t, logged(t, k, domain.EventQuery{}), 2)
	k.Clock.Advance(time.Second)
	_, err = clean.Do(t.Context())
	require.NoError(t, err)
	require.Len(t, logged(t, k, domain.EventQuery{}), 1)
}

func TestAudit_WhatTheServerCouldNotDoIsNoFailedSignIn(t *testing.T) {
	k := kit.New(t)
	k.UseCases.SignInEmailPassword.Passwords = busy{}
	_, err := k.SignIn("jane@example.com", kit.Password)
	require.ErrorIs(t, err, domain.Unavailable)
	require.Empty(t, k.Witness.Events())
}

// busy has no time for passwords.
type busy struct{ port.Passwords }

func (busy) Verify(context.Context, string, string) (ok, rehash bool, err error) {
	return false, false, errors.Join(domain.Unavailable)
}
