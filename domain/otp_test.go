package domain

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func randomOf(n uint64) (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], n)
	return b
}

func TestOTP_HasSixDigitsWhateverChanceSays(t *testing.T) {
	for n, want := range map[uint64]OTP{0: "000000", 7: "000007", 999_999: "999999", 1_000_000: "000000", 12_345_678: "345678", 1<<64 - 1: "551615"} {
		code := NewOTP(randomOf(n))
		require.Equal(t, want, code)
		require.True(t, code.WellFormed())
	}
}

func TestOTP_WhatCanBeNoCodeIsRecognised(t *testing.T) {
	for _, text := range []OTP{"", "12345", "1234567", "12345a", "-12345", "12 345", "12345\n", "１２", "mfaTotp:5f0c1a9e-7b1d-4d33-9a55-0b8f6d3f2c10"} {
		require.False(t, text.WellFormed(), "%q", text)
	}
}

func TestOTPKey_MatchesTheCodeForItsSubjectUnderItsKey(t *testing.T) {
	key, other := OTPKey{1}, OTPKey{2}
	jane, joe := key.Subject("jane@example.com"), key.Subject("joe@example.com")
	hash := key.Hash(jane, "012345")
	require.True(t, key.Matches(hash, jane, "012345"))
	require.False(t, key.Matches(hash, jane, "012346"))
	require.False(t, key.Matches(hash, joe, "012345"))
	require.False(t, other.Matches(hash, jane, "012345"))
	require.False(t, key.Matches("", jane, "012345"))
	require.NotEqual(t, jane, other.Subject("jane@example.com"))
	require.Len(t, string(jane), 43)
	require.NotContains(t, string(jane), "jane")
	require.NotEqual(t, string(jane), key.Hash("", "jane@example.com"), "a hash for one use is none for the other")
}
