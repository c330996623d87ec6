package totp

import (
	"bytes"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/hexauth/hexauth/port"
)

const (
	secretSize = 32 // bytes; twice what RFC 4226 §4 demands, and what hasura-auth makes
	period     = 30 // seconds; RFC 6238 §5.2
	skew       = 1  // steps accepted before and after the present one; RFC 6238 §5.2 advises against more
	digits     = 6

	pictureSize = 200 // pixels, quiet zone included
	codeSize    = 176 // pixels for the QR code; the rest is the quiet zone, four modules wide or more (ISO/IEC 18004)
	maxAccount  = 240 // bytes of the percent-encoded account, so that a module keeps two pixels or more
)

// Options say what stands in the authenticator apps.
type Options struct {
	Issuer  string    // who runs the accounts; without colons
	Entropy io.Reader // where secrets come from; safe for concurrent use
}

// Authenticator is a port.TOTP.
type Authenticator struct {
	issuer  string
	entropy io.Reader
}

var _ port.TOTP = (*Authenticator)(nil)

// New checks the options.
func New(o Options) (*Authenticator, error) {
	switch {
	case o.Issuer == "" || strings.Contains(o.Issuer, ":") || len(url.PathEscape(o.Issuer)) > maxAccount/2:
		return nil, errors.New("totp: the issuer is missing, has a colon or is too long")
	case o.Entropy == nil:
		return nil, errors.New("totp: no source of entropy")
	}
	return &Authenticator{issuer: o.Issuer, entropy: o.Entropy}, nil
}

// Generate returns 52 characters of base32 and a picture of 200×200 pixels that says otpauth://totp/issuer:account?secret=…
// (Google's Key URI Format). A long account is cut, and its colons, which would end the issuer, become spaces.
func (a *Authenticator) Generate(account string) (secret string, picture []byte, err error) {
	random := make([]byte, secretSize)
	if _, err := io.ReadFull(a.entropy, random); err != nil {
		return "", nil, fmt.Errorf("totp: %w", err)
	}
	secret = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random)
	key, err := otp.NewKeyFromURL(a.keyURL(label(account), secret))
	if err != nil {
		return "", nil, fmt.Errorf("totp: %w", err)
	}
	picture, err = drawCode(key)
	if err != nil {
		return "", nil, fmt.Errorf("totp: %w", err)
	}
	return secret, picture, nil
}

// keyURL writes spaces as %20 everywhere: some apps show a plus sign as such. (The library's own generator leaves & and + in an
// issuer unescaped.)
func (a *Authenticator) keyURL(account, secret string) string {
	query := url.Values{
		"secret": {secret}, "issuer": {a.issuer}, "algorithm": {otp.AlgorithmSHA1.String()},
		"digits": {strconv.Itoa(digits)}, "period": {strconv.Itoa(period)},
	}
	u := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + a.issuer + ":" + account,
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"),
	}
	return u.String()
}

// label makes an account fit for the URL and the picture.
func label(account string) string {
	account = strings.ReplaceAll(strings.ToValidUTF8(account, ""), ":", " ")
	length := 0
	for i, r := range account {
		if length += len(url.PathEscape(string(r))); length > maxAccount {
			return account[:i]
		}
	}
	return account
}

func drawCode(key *otp.Key) ([]byte, error) {
	code, err := key.Image(codeSize, codeSize)
	if err != nil {
		return nil, err
	}
	canvas := image.NewGray(image.Rect(0, 0, pictureSize, pictureSize))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	const margin = (pictureSize - codeSize) / 2
	draw.Draw(canvas, canvas.Bounds().Inset(margin), code, code.Bounds().Min, draw.Src)
	var picture bytes.Buffer
	if err := png.Encode(&picture, canvas); err != nil {
		return nil, err
	}
	return picture.Bytes(), nil
}

// Match accepts secrets of any length, in either case, with and without padding and spaces. It takes equally long for every
// code of six digits. A code that is right for two steps is taken for the later one.
func (a *Authenticator) Match(secret, code string, now time.Time) (step int64, ok bool) {
	secret = plain(secret)
	if secret == "" || !sixDigits(code) {
		return 0, false
	}
	present := now.Unix() / period
	for candidate := max(0, present-skew); candidate <= present+skew; candidate++ {
		right, err := hotp.GenerateCodeCustom(secret, uint64(candidate), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// plain returns a secret's characters alone, as hotp wants them.
func plain(secret string) string {
	secret = strings.Join(strings.Fields(secret), "")
	return strings.TrimRight(secret, "=")
}

func sixDigits(code string) bool {
	return len(code) == digits && strings.Trim(code, "0123456789") == ""
}
