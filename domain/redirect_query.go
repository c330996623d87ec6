package domain

import "net/url"

// WithQuery returns target with parameters set in its query, those of the same name replaced, and everything else kept. A
// target that is no URL comes back as it is.
func WithQuery(target string, parameters map[string]string) string {
	parsed, err := url.Parse(target)
	if err != nil {
		return target
	}
	query := parsed.Query()
	for name, value := range parameters {
		query.Set(name, value)
	}
	parsed.RawQuery = query.Encode()
	return parsed.String()
}
