package domain

import "strings"

// EmailAccessPolicy decides which e-mail addresses may have an account. Addresses
// and domains are compared exactly but for letter case. The policy is immutable and
// safe for concurrent use; the zero value allows every address.
type EmailAccessPolicy struct {
	allowedEmails, allowedDomains map[string]bool
	blockedEmails, blockedDomains map[string]bool
}

// NewEmailAccessPolicy builds the policy from whole addresses and from domains
// (without "@"). Blank entries are ignored.
func NewEmailAccessPolicy(allowedEmails, allowedDomains, blockedEmails, blockedDomains []string) EmailAccessPolicy {
	return EmailAccessPolicy{
		allowedEmails:  foldedSet(allowedEmails),
		allowedDomains: foldedSet(allowedDomains),
		blockedEmails:  foldedSet(blockedEmails),
		blockedDomains: foldedSet(blockedDomains),
	}
}

// Allows tells whether email may have an account. A listed address outranks its
// domain, blocking outranks allowing, and without any list of allowed addresses or
// domains whatever is not blocked is allowed. Text that does not have exactly one
// "@" never is.
func (p EmailAccessPolicy) Allows(email string) bool {
	email = strings.ToLower(email)
	_, domain, found := strings.Cut(email, "@")
	switch {
	case !found || strings.Contains(domain, "@"):
		return false
	case p.blockedEmails[email]:
		return false
	case p.allowedEmails[email]:
		return true
	case p.blockedDomains[domain]:
		return false
	case p.allowedDomains[domain]:
		return true
	}
	return len(p.allowedEmails) == 0 && len(p.allowedDomains) == 0
}

func foldedSet(entries []string) map[string]bool {
	set := make(map[string]bool, len(entries))
	for _, entry := range entries {
		if entry = strings.ToLower(strings.TrimSpace(entry)); entry != "" {
			set[entry] = true
		}
	}
	return set
}
