package usecase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

// A thief prepares two ways back in; then the session that was stolen, and no other, is ended.
func TestStolenSession_LeavesNoWayBackInWhenItIsEnded(t *testing.T) {
	ends := map[string]func(v *visitor, stolen usecase.Session) error{
		"by its owner": func(v *visitor, stolen usecase.Session) error {
			return v.EndSession.Do(t.Context(), stolen.User.ID, stolen.ID)
		},
		"by an administrator": func(v *visitor, stolen usecase.Session) error {
			return v.AdminEndSessions.Do(t.Context(), usecase.AdminEndSessionsInput{User: domain.UserRef{ID: stolen.User.ID}, Session: stolen.ID})
		},
		"because an old token of it came back": func(v *visitor, stolen usecase.Session) error {
			v.MustRefresh(stolen.RefreshToken)
			v.Clock.Advance(time.Minute)
			_, err := v.Refresh(stolen.RefreshToken)
			require.ErrorIs(t, err, domain.InvalidRefreshToken)
			return nil
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
				v := newVisitor(t, on)
				stolen := v.SignUp("jane@example.com")
				own, err := v.SignIn("jane@example.com", kit.Password)
				require.NoError(t, err)
				require.NoError(t, askChange(v.Kit, stolen.User.ID, usecase.MailInput{Email: "thief@example.com"}))
				change := v.LastMail()
				link := v.answer(v.depart(visit{ProviderVisitInput: usecase.ProviderVisitInput{Connect: &stolen.AccessToken}}), unattested())

				require.NoError(t, end(v, stolen))

				_, err = follow(v.Kit, change)
				wantRefused(t, err, domain.InvalidTicket)
				_, err = v.callback(link)
				refusedWith(t, err, domain.InvalidState, client)
				require.Equal(t, domain.Email("jane@example.com"), v.MustRefresh(own.RefreshToken).User.Email)
				v.counts(1, 0, 1)
			})
		})
	}
}
