package main

import (
	"github.com/hexauth/hexauth/adapter/password"
	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
	"github.com/hexauth/hexauth/usecase"
)

// forCommands hands the use cases of administrators, and no others, what they need.
func forCommands(cfg config.Config, store port.Store, clock port.Clock) (u rest.UseCases, err error) {
	signUp, err := signUpPolicy(cfg)
	if err != nil {
		return u, err
	}
	passwords, err := password.New(password.Options{
		Algorithm: cfg.PasswordHash, Concurrency: cfg.PasswordHashConcurrency, Salt: system.Random{}, Clock: clock,
	})
	if err != nil {
		return u, err
	}
	checks, err := passwordChecks(cfg, nil)
	if err != nil {
		return u, err
	}
	administer(&u, cfg, store, clock, passwords, checks, signUp, quietAudit(cfg, store, clock))
	return u, nil
}

// administer adds the use cases of administrators.
func administer(
	u *rest.UseCases, cfg config.Config, store port.Store, clock port.Clock, passwords port.Passwords, checks usecase.PasswordChecks, signUp domain.SignUpPolicy,
	audit usecase.Audit,
) {
	common := usecase.Administration{Store: store, Clock: clock, Audit: audit}
	u.AdminAuthenticate = &usecase.AdminAuthenticate{Secret: domain.NewAdminSecret(cfg.AdminSecret), Audit: audit}
	u.AdminCreateUser = &usecase.AdminCreateUser{Administration: common, Passwords: passwords, Checks: checks, Random: system.Random{}, Policy: signUp}
	u.AdminDeleteUser = &usecase.AdminDeleteUser{Administration: common}
	u.AdminEndSessions = &usecase.AdminEndSessions{Administration: common}
	u.AdminExportUser = &usecase.AdminExportUser{Administration: common}
	u.AdminGetUser = &usecase.AdminGetUser{Administration: common}
	u.AdminListSessions = &usecase.AdminListSessions{Administration: common}
	u.AdminListUsers = &usecase.AdminListUsers{Administration: common}
	u.AdminSetPassword = &usecase.AdminSetPassword{Administration: common, Passwords: passwords, Checks: checks}
	u.AdminUpdateUser = &usecase.AdminUpdateUser{Administration: common, Policy: signUp}
}
