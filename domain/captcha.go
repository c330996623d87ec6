package domain

// CaptchaVerdict is what the provider of a captcha says about an answer.
type CaptchaVerdict int

// The verdicts. The zero value passes nobody.
const (
	CaptchaRefused CaptchaVerdict = iota
	CaptchaExpired                // it was good once: too old, or used before
	CaptchaPassed
)
