package aesgcm_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/aesgcm"
)

func newCipher(t *testing.T, key string) *aesgcm.Cipher {
	t.Helper()
	c, err := aesgcm.New([]byte(key), rand.Reader)
	require.NoError(t, err)
	return c
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

func TestCipher_DecryptsWhatItEncrypted(t *testing.T) {
	for _, size := range []int{16, 24, 32} {
		c := newCipher(t, strings.Repeat("k", size))
		for _, plain := range []string{"", "a", "JBSWY3DPEHPK3PXP", strings.Repeat("ü", 5000)} {
			text, err := c.Encrypt(plain)
			require.NoError(t, err)
			require.Len(t, text, 2*(12+len(plain)+16))
			require.Equal(t, strings.ToLower(text), text)
			got, err := c.Decrypt(text)
			require.NoError(t, err)
			require.Equal(t, plain, got)
		}
	}
}

// Test case 14 of the GCM specification by McGrew and Viega: AES-256, a zero key, a zero nonce, one zero block, no AAD.
func TestCipher_WritesNonceCiphertextAndTagAsPublishedVectorsHaveThem(t *testing.T) {
	c, err := aesgcm.New(make([]byte, 32), bytes.NewReader(make([]byte, 12)))
	require.NoError(t, err)
	text, err := c.Encrypt(string(make([]byte, 16)))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("00", 12)+"cea7403d4d606b6e074ec5d3baf39d18"+"d0d1c8a799996bf0265b98b5d48ab919", text)
}

func TestCipher_NeverWritesTheSameTextTwice(t *testing.T) {
	c := newCipher(t, strings.Repeat("k", 32))
	seen := map[string]bool{}
	for range 1000 {
		text, err := c.Encrypt("secret")
		require.NoError(t, err)
		require.False(t, seen[text])
		seen[text] = true
	}
}

func TestCipher_RefusesTextsOfAnotherKey(t *testing.T) {
	text, err := newCipher(t, strings.Repeat("a", 32)).Encrypt("secret")
	require.NoError(t, err)
	_, err = newCipher(t, strings.Repeat("b", 32)).Decrypt(text)
	require.ErrorIs(t, err, aesgcm.ErrDecrypt)
}

func TestCipher_RefusesDamagedTexts(t *testing.T) {
	c := newCipher(t, strings.Repeat("k", 32))
	text, err := c.Encrypt("secret")
	require.NoError(t, err)
	for i := range text {
		flipped := []byte(text)
		flipped[i] = "0123456789abcdef"[(strings.IndexByte("0123456789abcdef", flipped[i])+1)%16]
		_, err := c.Decrypt(string(flipped))
		require.ErrorIs(t, err, aesgcm.ErrDecrypt, "position %d", i)
	}
	for _, bad := range []string{"", "zz", "0", text[:len(text)-2], text[:24], text[:22], text + "00", "JBSWY3DPEHPK3PXP"} {
		_, err := c.Decrypt(bad)
		require.ErrorIs(t, err, aesgcm.ErrDecrypt)
	}
}

func TestCipher_ErrorsDoNotRepeatTheText(t *testing.T) {
	_, err := newCipher(t, strings.Repeat("k", 32)).Decrypt("hunter2hunter2")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestNew_RefusesKeysOfOtherLengths(t *testing.T) {
	for _, size := range []int{0, 1, 15, 17, 31, 33, 64} {
		_, err := aesgcm.New(make([]byte, size), rand.Reader)
		require.ErrorContains(t, err, "must have 16, 24 or 32 bytes", "%d bytes", size)
	}
}

func TestCipher_FailsWithoutRandomness(t *testing.T) {
	c, err := aesgcm.New(make([]byte, 32), io.LimitReader(rand.Reader, 11))
	require.NoError(t, err)
	_, err = c.Encrypt("secret")
	require.True(t, errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
}

// RFC 5869, appendix A.3: no salt, no info; the first 32 of the 42 bytes of output.
func TestDeriveKey_MatchesThePublishedVector(t *testing.T) {
	master := bytes.Repeat([]byte{0x0b}, 22)
	want := unhex(t, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
	got := aesgcm.DeriveKey(master, "")
	require.Equal(t, want, got[:])
}

func TestDeriveKey_DependsOnMasterAndPurposeOnly(t *testing.T) {
	master := bytes.Repeat([]byte{7}, 32)
	require.Equal(t, aesgcm.DeriveKey(master, "refresh"), aesgcm.DeriveKey(master, "refresh"))
	require.NotEqual(t, aesgcm.DeriveKey(master, "refresh"), aesgcm.DeriveKey(master, "totp"))
	require.NotEqual(t, aesgcm.DeriveKey(master, "refresh"), aesgcm.DeriveKey(master[1:], "refresh"))
}

// FuzzDecrypt_OnlyReadsWhatWasWritten reads encrypted values of the database.
func FuzzDecrypt_OnlyReadsWhatWasWritten(f *testing.F) {
	c, err := aesgcm.New(make([]byte, 32), strings.NewReader("twelve bytes")) // every process of a fuzz run gets the same text
	require.NoError(f, err)
	good, err := c.Encrypt("secret")
	require.NoError(f, err)
	f.Add(good)
	f.Add("")
	f.Add("00")
	f.Fuzz(func(t *testing.T, text string) {
		plain, err := c.Decrypt(text)
		require.Equal(t, strings.EqualFold(text, good), err == nil)
		if err == nil {
			require.Equal(t, "secret", plain)
		}
	})
}
