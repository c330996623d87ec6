package main

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/hexauth/hexauth/domain"
)

type checkRedirectCommand struct {
	URL string // as an app would give it in redirectTo
}

// Run prints one line a rule and the verdict.
func (c checkRedirectCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	policy, err := signUpPolicy(cfg)
	if err != nil {
		return err
	}
	for _, line := range policy.Redirects.Explain(c.URL) {
		fmt.Fprintln(i.stdout, visible(line))
	}
	if policy.Redirects.Check(c.URL) == nil {
		_, err = fmt.Fprintln(i.stdout, "allowed")
		return err
	}
	fmt.Fprintln(i.stdout, "refused")
	if rule := suggestion(c.URL); rule != "" {
		fmt.Fprintln(i.stdout, "to allow it and everything below, add this to AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: "+visible(rule))
	}
	return errors.New("the URL is not allowed")
}

// suggestion is a rule for the host of a URL; "" when no rule could allow it.
func suggestion(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil {
		return ""
	}
	rule := parsed.Scheme + "://" + parsed.Host
	policy, err := domain.NewRedirectPolicy("", []string{rule})
	if err != nil || policy.Check(text) != nil {
		return ""
	}
	return rule
}
