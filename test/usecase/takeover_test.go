package usecase_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/test/kit"
	"github.com/hexauth/hexauth/usecase"
)

func TestTakenOver_ATicketForTheSecondStepIsGoodOnce(t *testing.T) {
	for _, callers := range []int{2, 100} {
		kit.OnBoth(t, func(t *testing.T, on func(*kit.Settings)) {
			k := kit.New(t, on)
			a := enrol(t, k, k.SignUp("jane@example.com").User.ID)
			before := sessions(k)
			ticket := domain.Ticket(legacy(k, "mfaTotp:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11").Ticket)
			_, err := secondStep(k, "mfaTotp:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c12", a.code())
			require.Equal(t, error(domain.InvalidTicket), err)
			_, err = secondStep(k, ticket, a.wrong())
			require.Equal(t, error(domain.InvalidTOTP), err)
			code := a.code()
			results := among(callers, func(int) error {
				_, err := secondStep(k, ticket, code)
				return err
			})
			require.Equal(t, 1, results[nil], results)
			require.Equal(t, before+1, sessions(k))
			_, err = secondStep(k, ticket, a.code())
			require.Equal(t, error(domain.InvalidTicket), err)
		})
	}
}

func TestTakenOver_ATicketForTheSecondStepOpensNothingElse(t *testing.T) {
	k := kit.New(t)
	enrol(t, k, k.SignUp("jane@example.com").User.ID)
	mail := legacy(k, "mfaTotp:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11")
	_, err := follow(k, mail)
	wantRefused(t, err, domain.InvalidTicket)
	err = k.ChangeUserPassword.Do(t.Context(), usecase.ChangeUserPasswordInput{Ticket: domain.Ticket(mail.Ticket), NewPassword: "another password"})
	require.Equal(t, error(domain.InvalidTicket), err)
	_, err = verifyCode(k, "jane@example.com", mail)
	require.Equal(t, error(domain.InvalidTicket), err)
}

func TestTakenOver_ATicketForTheSecondStepExpires(t *testing.T) {
	k := kit.New(t)
	a := enrol(t, k, k.SignUp("jane@example.com").User.ID)
	ticket := domain.Ticket(legacy(k, "mfaTotp:0a6f6f5e-26b0-4b4e-8cf3-5d8d2f0a7c11").Ticket)
	k.Clock.Advance(time.Hour)
	_, err := secondStep(k, ticket, a.code())
	require.Equal(t, error(domain.InvalidTicket), err)
}
