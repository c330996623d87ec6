package totp_test

import (
	"bytes"
	"encoding/base32"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzMatch reads stored secrets and codes that users type. Only six digits match, and only those of the time.
func FuzzMatch(f *testing.F) {
	key := []byte("12345678901234567890")
	now := time.Unix(1111111109, 0)
	f.Add(base32NoPadding.EncodeToString(key), codeAt(key, now.Unix()/30), int64(0))
	f.Add("gezd gnbv GY3T QOJQ gezd gnbv gy3t qojq====", codeAt(key, now.Unix()/30), int64(30))
	f.Add("", "000000", int64(-1111111109))
	f.Add("1", "１２３４５６", int64(1<<40))
	authenticator := open(f)
	f.Fuzz(func(t *testing.T, secret, code string, later int64) {
		at := time.Unix(now.Unix()+later%(1<<40), 0)
		step, ok := authenticator.Match(secret, code, at)
		if !ok {
			require.Zero(t, step)
			return
		}
		require.Regexp(t, `\A[0-9]{6}\z`, code)
		present := at.Unix() / 30
		require.True(t, step >= present-1 && step <= present+1)
		key, err := base32NoPadding.DecodeString(strings.ToUpper(strings.TrimRight(strings.Join(strings.Fields(secret), ""), "=")))
		require.NoError(t, err)
		require.Equal(t, codeAt(key, step), code)
		_, err = base32.StdEncoding.DecodeString(base32.StdEncoding.EncodeToString(key))
		require.NoError(t, err)
	})
}

// FuzzGenerate draws the code for an app, whatever the account is called.
func FuzzGenerate(f *testing.F) {
	for _, seed := range []string{"jane@example.com", "", strings.Repeat("é", 500), "a:b?c=d&e#f%", "\xff\x00"} {
		f.Add(seed)
	}
	authenticator := open(f)
	f.Fuzz(func(t *testing.T, account string) {
		secret, picture, err := authenticator.Generate(account)
		require.NoError(t, err)
		require.Regexp(t, `\A[A-Z2-7]{52}\z`, secret)
		drawn, err := png.DecodeConfig(bytes.NewReader(picture))
		require.NoError(t, err)
		require.Equal(t, [2]int{200, 200}, [2]int{drawn.Width, drawn.Height})
		require.Less(t, len(picture), 64<<10)
	})
}
