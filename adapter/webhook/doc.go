// Package webhook tells programs of events, by HTTP and signed after Standard Webhooks (standardwebhooks.com). An event may reach
// its receiver more than once, with the same id, and not always in order.
//
// Receivers are named in the configuration, and yet where a request ends is decided by somebody's DNS. So the address is looked at when it
// is dialled, after every resolution: only public ones are reached, unless the operator says otherwise. Redirects are refused, proxies of
// the environment are not used, and an answer is read no further than its status.
package webhook
