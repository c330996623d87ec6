package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hexauth/hexauth/config"
)

// healthTimeout is shorter than what container engines wait for a health check.
const healthTimeout = 3 * time.Second

type healthCommand struct {
	Ready bool
}

// Run asks GET /healthz, or GET /readyz.
func (c healthCommand) Run(i *invocation) error {
	cfg, err := i.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(i.ctx, healthTimeout)
	defer cancel()
	path := "/healthz"
	if c.Ready {
		path = "/readyz"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, localURL(cfg)+path, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(request) // past any proxy of the environment
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", response.Status)
	}
	_, err = fmt.Fprintln(i.stdout, "ok")
	return err
}

// localURL is where the server listens, as seen from its own machine.
func localURL(cfg config.Config) string {
	host := cfg.Host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(cfg.Port)) + cfg.APIPrefix
}
