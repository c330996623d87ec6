package domain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestS256_IsTheChallengeOfTheRFC(t *testing.T) {
	// RFC 7636, appendix B
	require.Equal(t, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", S256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
}

func TestPKCECode_HoldsAllItsRandomBytesAndIsStoredAsAHash(t *testing.T) {
	a, b := [16]byte{0xff, 1}, [16]byte{0xfb, 2}
	code := NewPKCECode(a, b)
	require.Equal(t, PKCECode("_wEAAAAAAAAAAAAAAAAAAPsCAAAAAAAAAAAAAAAAAAA"), code)
	require.NotEqual(t, code, NewPKCECode(b, a))
	require.Equal(t, S256(string(code)), code.Hash())
}
