package main

import (
	"context"
	"fmt"
	"maps"
	"os"

	"github.com/hexauth/hexauth/test/cost"
)

// rig is what measurements need to start servers.
type rig struct {
	binary, dir string
	server      *server
	env         map[string]string // of every hexauth, but for the database
	inbox       *cost.Inbox       // where they send their mails
}

func newRig(binary, dir string, s *server, inbox *cost.Inbox) *rig {
	env := cost.Environment("")
	maps.Copy(env, inbox.Environment())
	env["AUTH_WEBAUTHN_ENABLED"] = "true"
	return &rig{binary: binary, dir: dir, server: s, env: env, inbox: inbox}
}

// say tells whoever waits what is being done.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// start starts hexauth on a database, with more in its environment than the others have.
func (r *rig) start(ctx context.Context, database string, extra map[string]string) (*process, error) {
	env := maps.Clone(r.env)
	env[cost.DatabaseURL] = database
	maps.Copy(env, extra)
	return startServer(ctx, r.binary, r.dir, env)
}
