package totp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/totp"
)

var base32NoPadding = base32.StdEncoding.WithPadding(base32.NoPadding)

// codeAt is RFC 4226 §5.3 and RFC 6238 §4 in the words of the RFCs, independent of the library in use.
func codeAt(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	offset := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:offset+4])&0x7fffffff%1_000_000)
}

func open(t testing.TB) *totp.Authenticator {
	t.Helper()
	authenticator, err := totp.New(totp.Options{Issuer: "auth", Entropy: rand.Reader})
	require.NoError(t, err)
	return authenticator
}

func generate(t *testing.T, issuer, account string, entropy []byte) (string, image.Image) {
	t.Helper()
	authenticator, err := totp.New(totp.Options{Issuer: issuer, Entropy: bytes.NewReader(entropy)})
	require.NoError(t, err)
	secret, picture, err := authenticator.Generate(account)
	require.NoError(t, err)
	decoded, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	return secret, decoded
}

func TestMatch_KnowsTheVectorsOfRFC6238(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for seconds, code := range map[int64]string{ // appendix B, the last six of eight digits
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		step, ok := open(t).Match(secret, code, time.Unix(seconds, 0))
		require.True(t, ok, seconds)
		require.Equal(t, seconds/30, step)
	}
}

func TestMatch_AgreesWithAnIndependentImplementation(t *testing.T) {
	authenticator := open(t)
	for length := range 70 {
		key := make([]byte, length+1)
		_, _ = rand.Read(key)
		now := time.Unix(1_700_000_000+int64(length)*7919, 0)
		for offset := int64(-1); offset <= 1; offset++ {
			want := now.Unix()/30 + offset
			step, ok := authenticator.Match(base32NoPadding.EncodeToString(key), codeAt(key, want), now)
			require.True(t, ok)
			require.Equal(t, want, step)
		}
	}
}

func TestMatch_TakesTheStepAndItsNeighboursOnly(t *testing.T) {
	key := []byte("a key whose codes around this time all differ")
	secret, present := base32NoPadding.EncodeToString(key), int64(56_666_666)
	for offset := int64(-5); offset <= 5; offset++ {
		for _, second := range []int64{0, 29} {
			step, ok := open(t).Match(secret, codeAt(key, present+offset), time.Unix(present*30+second, 0))
			require.Equal(t, offset >= -1 && offset <= 1, ok, offset)
			if ok {
				require.Equal(t, present+offset, step)
			} else {
				require.Zero(t, step)
			}
		}
	}
}

func TestMatch_ToleratesHowSecretsAreWritten(t *testing.T) {
	key := []byte("ten bytes!")[:9] // 15 characters and one of padding
	padded := base32.StdEncoding.EncodeToString(key)
	require.True(t, strings.HasSuffix(padded, "="))
	bare := strings.TrimRight(padded, "=")
	now := time.Unix(1_800_000_000, 0)
	for _, secret := range []string{padded, bare, strings.ToLower(padded), strings.ToLower(bare), " " + bare[:4] + " " + bare[4:] + "\n"} {
		step, ok := open(t).Match(secret, codeAt(key, now.Unix()/30), now)
		require.True(t, ok, "%q", secret)
		require.Equal(t, now.Unix()/30, step)
	}
}

func TestMatch_RefusesSecretsThatAreNone(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	code := codeAt(nil, now.Unix()/30) // what an empty key gives
	for _, secret := range []string{"", " ", "========", "A", "AAA", "ABC1", "JBSW=Y3D", "JBSWY3DP!", "ÄÖÜ"} {
		_, ok := open(t).Match(secret, code, now)
		require.False(t, ok, "%q", secret)
	}
}

func TestMatch_RefusesCodesThatAreNotSixDigits(t *testing.T) {
	key := []byte("12345678901234567890")
	secret, now := base32NoPadding.EncodeToString(key), time.Unix(1_800_000_000, 0)
	code := codeAt(key, now.Unix()/30)
	_, ok := open(t).Match(secret, code, now)
	require.True(t, ok)
	for _, bad := range []string{"", code[:5], code + "0", " " + code, code + "\n", code[:3] + " " + code[3:], "-" + code[1:], "12a456", "١٢٣", "١٢٣٤٥٦"} {
		_, ok := open(t).Match(secret, bad, now)
		require.False(t, ok, "%q", bad)
	}
}

func TestMatch_WorksAtTheEpoch(t *testing.T) {
	key := []byte("12345678901234567890")
	step, ok := open(t).Match(base32NoPadding.EncodeToString(key), codeAt(key, 0), time.Unix(0, 0))
	require.True(t, ok)
	require.Zero(t, step)
	_, ok = open(t).Match(base32NoPadding.EncodeToString(key), codeAt(key, -1), time.Unix(0, 0))
	require.False(t, ok)
}

func TestGenerate_MakesSecretsOf32Bytes(t *testing.T) {
	entropy := []byte("0123456789abcdefghijklmnopqrstuv-and-more")
	secret, _ := generate(t, "auth", "jane@example.com", entropy)
	require.Len(t, secret, 52)
	key, err := base32NoPadding.DecodeString(secret)
	require.NoError(t, err)
	require.Equal(t, entropy[:32], key)

	authenticator := open(t)
	first, _, err := authenticator.Generate("jane@example.com")
	require.NoError(t, err)
	second, _, err := authenticator.Generate("jane@example.com")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	now := time.Unix(1_800_000_000, 0)
	key, err = base32NoPadding.DecodeString(first)
	require.NoError(t, err)
	_, ok := authenticator.Match(first, codeAt(key, now.Unix()/30), now)
	require.True(t, ok)
}

func TestGenerate_DrawsTheURLThatAppsRead(t *testing.T) {
	entropy := bytes.Repeat([]byte{0}, 32)
	const parameters = "?algorithm=SHA1&digits=6&issuer=%s&period=30&secret="
	secret := strings.Repeat("A", 52)
	for _, c := range []struct{ issuer, account, label, query string }{
		{"auth", "jane@example.com", "auth:jane@example.com", "auth"},
		{"My App & Co", "Jané Doe", "My%20App%20&%20Co:Jan%C3%A9%20Doe", "My%20App%20%26%20Co"},
		{"1+1=2", "jane@example.com", "1+1=2:jane@example.com", "1%2B1%3D2"},
		{"auth", "", "auth:", "auth"},
		{"auth", "a:b/c?d#e%f", "auth:a%20b/c%3Fd%23e%25f", "auth"},
		{"auth", "broken\xff", "auth:broken", "auth"},
		{"auth", strings.Repeat("x", 100), "auth:" + strings.Repeat("x", 100), "auth"},
		{"auth", strings.Repeat("x", 5000), "auth:" + strings.Repeat("x", 240), "auth"},
		{"auth", strings.Repeat("é", 5000), "auth:" + strings.Repeat("%C3%A9", 40), "auth"},
		{strings.Repeat("i", 120), "jane@example.com", strings.Repeat("i", 120) + ":jane@example.com", strings.Repeat("i", 120)},
	} {
		_, picture := generate(t, c.issuer, c.account, entropy)
		requireCode(t, picture, "otpauth://totp/"+c.label+fmt.Sprintf(parameters, c.query)+secret)
	}
}

// requireCode demands that a picture shows the QR code of text with its quiet zone of four modules (ISO/IEC 18004), centred.
func requireCode(t *testing.T, picture image.Image, text string) {
	t.Helper()
	require.Equal(t, image.Rect(0, 0, 200, 200), picture.Bounds())
	code, err := qr.Encode(text, qr.M, qr.Auto)
	require.NoError(t, err)
	modules := code.Bounds().Dx()
	scale := 176 / modules
	require.GreaterOrEqual(t, scale, 2, "pixels a module")
	margin := 12 + (176-modules*scale)/2
	require.GreaterOrEqual(t, margin, 4*scale)
	for y := range 200 {
		for x := range 200 {
			want := color.Gray{Y: 255}
			if at := image.Pt((x-margin)/scale, (y-margin)/scale); x >= margin && y >= margin && at.In(code.Bounds()) {
				want = color.GrayModel.Convert(code.At(at.X, at.Y)).(color.Gray)
			}
			if got := picture.At(x, y); got != want {
				t.Fatalf("pixel %d,%d of %q is %v", x, y, text, got)
			}
		}
	}
}

func TestGenerate_SaysWhenThereIsNoEntropy(t *testing.T) {
	broken := errors.New("no entropy today")
	authenticator, err := totp.New(totp.Options{Issuer: "auth", Entropy: iotest.ErrReader(broken)})
	require.NoError(t, err)
	_, _, err = authenticator.Generate("jane@example.com")
	require.ErrorIs(t, err, broken)
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for _, issuer := range []string{"", "auth:prod", strings.Repeat("x", 121)} {
		_, err := totp.New(totp.Options{Issuer: issuer, Entropy: rand.Reader})
		require.EqualError(t, err, "totp: the issuer is missing, has a colon or is too long")
	}
	_, err := totp.New(totp.Options{Issuer: "auth"})
	require.EqualError(t, err, "totp: no source of entropy")
}
