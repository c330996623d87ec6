package main

import (
	"log/slog"

	"github.com/hexauth/hexauth/adapter/audit"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// newAudit takes down what happens, and has witness told.
func newAudit(cfg config.Config, clock port.Clock, witness port.Witness) usecase.Audit {
	return usecase.Audit{Clock: clock, Random: system.Random{}, Witness: witness, Keep: cfg.AuditRetention > 0, Hooks: webhooks(cfg)}
}

// quietAudit is newAudit for commands, which write no log and do nothing that is kept later.
func quietAudit(cfg config.Config, store port.Store, clock port.Clock) usecase.Audit {
	return newAudit(cfg, clock, audit.New(store.Events(), slog.New(slog.DiscardHandler), func(domain.EventKind) {}))
}
