package usecase_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
)

func TestRefreshToken_IsCountedByWhatBecameOfIt(t *testing.T) {
	kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
		k := kit.New(t, on)
		refresh := func(token domain.RefreshToken, want domain.RefreshOutcome) domain.RefreshToken {
			t.Helper()
			session, _ := k.Refresh(token)
			require.Equal(t, []domain.RefreshOutcome{want}, k.Meter.Refreshes())
			return session.RefreshToken
		}
		first := k.SignUp("jane@example.com").RefreshToken
		second := refresh(first, domain.RefreshRotated)
		refresh(first, domain.RefreshRepeated)
		refresh(domain.RefreshToken(uuid.NewString()), domain.RefreshUnknown)
		k.Exec("UPDATE auth.users SET disabled = true")
		refresh(second, domain.RefreshRefused)
		k.Exec("UPDATE auth.users SET disabled = false")
		k.Clock.Advance(time.Minute)
		refresh(first, domain.RefreshReused)
		refresh(second, domain.RefreshUnknown)
		third := k.SignUp("joe@example.com").RefreshToken
		k.Clock.Advance(31 * 24 * time.Hour)
		refresh(third, domain.RefreshExpired)
	})
}
