// Package captcha asks the provider of a captcha whether a visitor has solved it: Cloudflare Turnstile, hCaptcha or Google reCAPTCHA
// (version 2 and 3). All three have the same endpoint, siteverify, in their own dialects; Verifier is a port.Captcha for each.
//
// It speaks plain HTTP with a deadline and a limit on answers; which requests need a captcha is decided in adapter/rest.
package captcha
