package usecase_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// connect links an identity to the user of an access token.
func (v *visitor) connect(token string, who domain.ProviderIdentity) error {
	v.t.Helper()
	query, err := v.through(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &token}}, who)
	if err == nil {
		require.Empty(v.t, query)
	}
	return err
}

func TestProviderConnect_LinksWhateverTheAddressIs(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v, who := newVisitor(t, on), unattested()
		session := v.SignUp("joe@example.com")
		require.NoError(t, v.connect(session.AccessToken, who))
		v.counts(1, 1, 1)
		require.Equal(t, session.User.ID, v.arrives(who).User.ID)
		require.NoError(t, v.connect(session.AccessToken, unattested()), "several identities of one provider")
		refusedWith(t, v.connect(session.AccessToken, who), domain.ProviderAccountAlreadyLinked, client)
		other := v.SignUp("mallory@example.com")
		refusedWith(t, v.connect(other.AccessToken, who), domain.ProviderAccountAlreadyLinked, client)
		require.Equal(t, session.User.ID, v.arrives(who).User.ID)
	})
}

func TestProviderConnect_OnlyWhoIsSignedInMay(t *testing.T) {
	v := newVisitor(t)
	for _, token := range []string{"", "no token", uuid.NewString()} {
		_, err := v.tryDepart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &token}})
		refusedWith(t, err, domain.InvalidRequest, client)
	}
	session := v.SignUp("joe@example.com")
	input := v.answer(v.depart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &session.AccessToken}}), jane())
	v.Exec("UPDATE auth.users SET disabled = true")
	_, err := v.callback(input)
	refusedWith(t, err, domain.DisabledUser, client)
	_, err = v.tryDepart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &session.AccessToken}})
	refusedWith(t, err, domain.DisabledUser, client)
	v.Clock.Advance(time.Hour)
	_, err = v.tryDepart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &session.AccessToken}})
	refusedWith(t, err, domain.InvalidRequest, client)
}

func TestProviderConnect_TheSessionMustStillBeOpenWhenTheBrowserComesBack(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on)
		session := v.SignUp("joe@example.com")
		input := v.answer(v.depart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &session.AccessToken}}), jane())
		v.Exec("DELETE FROM auth.refresh_tokens")
		_, err := v.callback(input)
		refusedWith(t, err, domain.InvalidRequest, client)
		v.counts(1, 0, 0)
	})
}

func TestProviderConnect_DemandsElevationWhereLinkingDoes(t *testing.T) {
	v := newVisitor(t)
	v.UseCases.SignInProvider.Elevation = domain.ElevationPolicy{Mode: domain.ElevationRequired}
	session := v.SignUp("joe@example.com")
	_, err := v.tryDepart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &session.AccessToken}})
	refusedWith(t, err, domain.ElevatedClaimRequired, client)
}

func TestProviders_AreListedAndUnlinkedByTheirUserButForTheLastWayIn(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on, func(s *kit.Settings) { s.Passwordless, s.OTP = false, false })
		first, second := jane(), unattested()
		session := v.arrives(first)
		v.Clock.Advance(time.Minute)
		require.NoError(t, v.connect(session.AccessToken, second))
		links, err := v.ListProviders.Do(t.Context(), session.User.ID)
		require.NoError(t, err)
		require.Len(t, links, 2)
		require.Equal(t, []domain.ProviderIdentity{{Provider: "github", ID: first.ID}, {Provider: "github", ID: second.ID}},
			[]domain.ProviderIdentity{links[0].Identity, links[1].Identity})
		stranger := v.SignUp("joe@example.com").User.ID
		require.ErrorIs(t, v.UnlinkProvider.Do(t.Context(), stranger, links[0].ID), domain.NotFound)
		require.NoError(t, v.UnlinkProvider.Do(t.Context(), session.User.ID, links[0].ID))
		require.ErrorIs(t, v.UnlinkProvider.Do(t.Context(), session.User.ID, links[0].ID), domain.NotFound)
		require.ErrorIs(t, v.UnlinkProvider.Do(t.Context(), session.User.ID, links[1].ID), domain.LastWayIn)
		require.NoError(t, v.UseCases.ChangeUserPassword.Store.Users().SetPasswordHash(t.Context(), session.User.ID, "x"))
		require.NoError(t, v.UnlinkProvider.Do(t.Context(), session.User.ID, links[1].ID))
	})
}

func TestProviders_OfTwoUnlinkedAtOnceOneStays(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on, func(s *kit.Settings) { s.Passwordless, s.OTP = false, false })
		session := v.arrives(jane())
		require.NoError(t, v.connect(session.AccessToken, unattested()))
		links, err := v.ListProviders.Do(t.Context(), session.User.ID)
		require.NoError(t, err)
		done := make(chan error)
		for _, link := range links {
			go func() { done <- v.UnlinkProvider.Do(t.Context(), session.User.ID, link.ID) }()
		}
		failures := []error{<-done, <-done}
		if failures[0] == nil {
			failures[0], failures[1] = failures[1], failures[0]
		}
		require.ErrorIs(t, failures[0], domain.LastWayIn)
		require.NoError(t, failures[1])
	})
}

func TestProviderTokens_AreReadOnceAndRefreshedWithoutBeingKept(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		v := newVisitor(t, on)
		user := v.arrives(jane()).User.ID
		for _, want := range []domain.ProviderTokens{{AccessToken: "a", RefreshToken: "r"}, {}, {}} {
			got, err := v.GetProviderTokens.Do(t.Context(), user, "github")
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		got, err := v.GetProviderTokens.Do(t.Context(), user, "google")
		require.NoError(t, err)
		require.Zero(t, got)

		renewed := domain.ProviderTokens{AccessToken: "b", ExpiresAt: v.Clock.Now().Add(time.Hour)}
		v.provider.Renews("r", renewed)
		got, err = v.RefreshProviderToken.Do(t.Context(), user, "github", "r")
		require.NoError(t, err)
		require.Equal(t, renewed, got)
		_, err = v.RefreshProviderToken.Do(t.Context(), user, "github", "x")
		require.ErrorIs(t, err, domain.OAuthProviderError)
		_, err = v.RefreshProviderToken.Do(t.Context(), user, "twitch", "r")
		require.ErrorIs(t, err, domain.DisabledEndpoint)
		_, err = v.RefreshProviderToken.Do(t.Context(), user, "nobody", "r")
		require.ErrorIs(t, err, domain.SchemaValidation)
		v.Exec("UPDATE auth.users SET disabled = true")
		_, err = v.RefreshProviderToken.Do(t.Context(), user, "github", "r")
		require.ErrorIs(t, err, domain.DisabledUser)
		_, err = v.GetProviderTokens.Do(t.Context(), user, "github")
		require.ErrorIs(t, err, domain.DisabledUser)
	})
}

func TestProviderTokens_WhatThePeerLeftInClearIsNeitherAnsweredNorLost(t *testing.T) {
	v := newVisitor(t)
	user := v.arrives(jane()).User.ID
	for _, left := range []string{"unset", "", "a token in clear"} {
		v.Exec("UPDATE auth.user_providers SET access_token = '" + left + "'")
		got, err := v.GetProviderTokens.Do(t.Context(), user, "github")
		require.NoError(t, err)
		require.Zero(t, got)
		require.Equal(t, 1, v.Count("SELECT count(*) FROM auth.user_providers WHERE access_token = '"+left+"'"))
	}
}

func TestProviderTokens_ABackendWithTheSecretHasThemRenewed(t *testing.T) {
	v := newVisitor(t, func(s *kit.Settings) { s.AdminSecret = "admin secret" })
	user := v.arrives(jane()).User.ID
	v.provider.Renews("r", domain.ProviderTokens{AccessToken: "b"})
	in := usecase.RenewProviderTokensInput{AdminSecret: "admin secret", Provider: "github", UserID: user}
	for _, wrong := range []string{"", "admin", "admin secret "} {
		bad := in
		bad.AdminSecret = wrong
		require.ErrorIs(t, v.RenewProviderTokens.Do(t.Context(), bad), domain.InvalidAdminSecret)
	}
	require.NoError(t, v.RenewProviderTokens.Do(t.Context(), in))
	got, err := v.GetProviderTokens.Do(t.Context(), user, "github")
	require.NoError(t, err)
	require.Equal(t, domain.ProviderTokens{AccessToken: "b", RefreshToken: "r"}, got)
	for _, nothing := range []usecase.RenewProviderTokensInput{
		in, {AdminSecret: "admin secret", Provider: "google", UserID: user}, {AdminSecret: "admin secret", Provider: "nobody", UserID: user},
		{AdminSecret: "admin secret", Provider: "github", UserID: domain.UserID(uuid.NewString())},
	} {
		require.NoError(t, v.RenewProviderTokens.Do(t.Context(), nothing))
	}
	none := newVisitor(t)
	require.ErrorIs(t, none.RenewProviderTokens.Do(t.Context(), usecase.RenewProviderTokensInput{}), domain.InvalidAdminSecret)
}
