package domain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEmailAccessPolicy_AppliesItsRulesInOrder(t *testing.T) {
	type list = []string
	for _, row := range []struct {
		name                                                         string
		allowedEmails, allowedDomains, blockedEmails, blockedDomains list
		email                                                        string
		want                                                         bool
	}{
		{name: "no lists allow everybody", email: "jane@example.com", want: true},
		{name: "no at sign", email: "jane.example.com", want: false},
		{name: "two at signs", email: "jane@x@example.com", want: false},
		{name: "two at signs although listed", allowedEmails: list{"jane@x@example.com"}, email: "jane@x@example.com", want: false},
		{name: "empty", email: "", want: false},
		{name: "blocked e-mail", blockedEmails: list{"jane@example.com"}, email: "jane@example.com", want: false},
		{name: "blocked e-mail leaves others", blockedEmails: list{"jane@example.com"}, email: "joe@example.com", want: true},
		{name: "blocked e-mail outranks allowed e-mail", allowedEmails: list{"jane@example.com"}, blockedEmails: list{"jane@example.com"}, email: "jane@example.com", want: false},
		{name: "blocked e-mail outranks allowed domain", allowedDomains: list{"example.com"}, blockedEmails: list{"jane@example.com"}, email: "jane@example.com", want: false},
		{name: "allowed e-mail outranks blocked domain", allowedEmails: list{"jane@example.com"}, blockedDomains: list{"example.com"}, email: "jane@example.com", want: true},
		{name: "blocked domain", blockedDomains: list{"example.com"}, email: "jane@example.com", want: false},
		{name: "blocked domain outranks allowed domain", allowedDomains: list{"example.com"}, blockedDomains: list{"example.com"}, email: "jane@example.com", want: false},
		{name: "blocked domain leaves others", blockedDomains: list{"example.com"}, email: "jane@example.org", want: true},
		{name: "allowed domain", allowedDomains: list{"example.com"}, email: "jane@example.com", want: true},
		{name: "allowed domain excludes others", allowedDomains: list{"example.com"}, email: "jane@example.org", want: false},
		{name: "allowed domain is no suffix", allowedDomains: list{"example.com"}, email: "jane@x.example.com", want: false},
		{name: "allowed e-mail excludes others", allowedEmails: list{"jane@example.com"}, email: "joe@example.com", want: false},
		{name: "case of the address", blockedEmails: list{"jane@example.com"}, email: "Jane@Example.COM", want: false},
		{name: "case of the lists", allowedEmails: list{"Jane@Example.com"}, email: "jane@example.com", want: true},
		{name: "case of blocked domains", blockedDomains: list{"EXAMPLE.com"}, email: "jane@example.COM", want: false},
		{name: "case of allowed domains", allowedDomains: list{"EXAMPLE.com"}, email: "jane@example.COM", want: true},
		{name: "blank entries do not count", allowedEmails: list{"", " "}, allowedDomains: list{""}, email: "jane@example.com", want: true},
		{name: "entries are trimmed", allowedDomains: list{" example.com "}, email: "jane@example.com", want: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := NewEmailAccessPolicy(row.allowedEmails, row.allowedDomains, row.blockedEmails, row.blockedDomains)
			require.Equal(t, row.want, p.Allows(row.email))
		})
	}
}

func TestEmailAccessPolicy_ZeroValueAllowsEveryAddress(t *testing.T) {
	require.True(t, EmailAccessPolicy{}.Allows("jane@example.com"))
}
