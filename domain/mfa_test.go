package domain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMFAPolicy_AsksAfterPasswordsAndWhereWantedAfterPossession(t *testing.T) {
	with, without := User{ActiveMFA: TOTPMFA}, User{}
	for policy, want := range map[MFAPolicy][4]bool{{}: {true, false, false, false}, {AllMethods: true}: {true, true, false, false}} {
		for given, asks := range want {
			require.Equal(t, asks, policy.Asks(with, FirstFactor(given)), given)
			require.False(t, policy.Asks(without, FirstFactor(given)), given)
		}
	}
}

func TestMFATicket_IsNoTicketOfAMail(t *testing.T) {
	ticket := NewMFATicket(ticketUUID)
	require.Equal(t, Ticket("mfaTotp:"+ticketUUID), ticket)
	require.True(t, ticket.IsMFA())
	_, known := ticket.Purpose()
	require.False(t, known)
	for _, other := range []Ticket{"", "mfaTotp:", "mfaTotp:123456", "mfatotp:" + ticketUUID, "verifyEmail:" + ticketUUID, ticketUUID} {
		require.False(t, other.IsMFA(), other)
	}
}

func TestRecoveryCode_IsReadAsPeopleTypeIt(t *testing.T) {
	code := NewRecoveryCode([16]byte{0, 1, 31, 32, 255, 7, 8, 9, 10, 254, 99})
	require.Equal(t, RecoveryCode("23Z2Z-9ABCY"), code)
	for _, typed := range []string{"23Z2Z-9ABCY", "23z2z9abcy", " 23Z2Z 9ABCY ", "23z2z - 9abcy"} {
		read, ok := ParseRecoveryCode(typed)
		require.True(t, ok, typed)
		require.Equal(t, code, read)
	}
	for _, typed := range []string{"", "123456", "23Z2Z-9ABC", "23Z2Z-9ABCYY", "23Z2Z-9ABC0", "23Z2Z-9ABCÖ", "23Z2Z\n9ABCY"} {
		_, ok := ParseRecoveryCode(typed)
		require.False(t, ok, typed)
	}
}

func TestRecoveryKey_HashesForOneUserUnderOneKey(t *testing.T) {
	hash := RecoveryKey{1}.Hash("jane", "AAAAA-AAAAA")
	require.Equal(t, hash, RecoveryKey{1}.Hash("jane", "AAAAA-AAAAA"))
	for _, other := range []string{RecoveryKey{2}.Hash("jane", "AAAAA-AAAAA"), RecoveryKey{1}.Hash("joe", "AAAAA-AAAAA"), RecoveryKey{1}.Hash("jane", "AAAAA-AAAAB")} {
		require.NotEqual(t, hash, other)
	}
	require.Len(t, hash, 43)
}
