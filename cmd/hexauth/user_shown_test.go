package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
)

func TestUser_ShowsTheSecondFactorAndWhatIsLeftForWhoHasLostIt(t *testing.T) {
	require.Empty(t, secondFactor(domain.Account{}))
	require.Equal(t, "totp, 9 recovery codes left", secondFactor(domain.Account{User: domain.User{ActiveMFA: domain.TOTPMFA}, RecoveryCodesLeft: 9}))
}
