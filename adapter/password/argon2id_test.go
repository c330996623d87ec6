package password

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseArgon_AcceptsOneSpellingWithinBounds reads hashes of argon2.
func FuzzParseArgon_AcceptsOneSpellingWithinBounds(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=1048577,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=007,t=2,p=1$$")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		h, ok := parseArgon(text)
		if !ok {
			return
		}
		require.Equal(t, text, h.String())
		require.LessOrEqual(t, h.memoryKiB, uint32(maxMemoryKiB))
		require.GreaterOrEqual(t, h.memoryKiB, 8*uint32(h.lanes))
		require.LessOrEqual(t, h.passes, uint32(maxPasses))
		require.Positive(t, h.passes)
		require.LessOrEqual(t, h.lanes, uint8(maxLanes))
		require.Positive(t, h.lanes)
		require.GreaterOrEqual(t, len(h.salt), minSaltBytes)
		require.GreaterOrEqual(t, len(h.key), minKeyBytes)
	})
}
