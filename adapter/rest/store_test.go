package rest_test

import (
	"context"
	"reflect"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// before is asked before every step of a store whether it happens: it returns nil, the error that the step fails with, or
// panics.
type before func(ctx context.Context) error

func (b before) do(ctx context.Context, step func() error) error {
	if err := b(ctx); err != nil {
		return err
	}
	return step()
}

// yield is do for steps that yield something.
func yield[T any](ctx context.Context, b before, step func() (T, error)) (result T, err error) {
	err = b.do(ctx, func() error {
		result, err = step()
		return err
	})
	return result, err
}

// guarded is a port.Store that asks before every step, inside of transactions too. What embedding promotes is no step of an
// operation of the API.
type guarded struct {
	guardedRepos
	store port.Store
}

func guard(store port.Store, ask before) port.Store { return guarded{guardedRepos{store, ask}, store} }

func (g guarded) Atomic(ctx context.Context, do func(context.Context, port.Repos) error) error {
	return g.before.do(ctx, func() error {
		return g.store.Atomic(ctx, func(ctx context.Context, repos port.Repos) error { return do(ctx, guardedRepos{repos, g.before}) })
	})
}

func (g guarded) Ready(ctx context.Context) error {
	return g.before.do(ctx, func() error { return g.store.Ready(ctx) })
}

type guardedRepos struct {
	port.Repos
	before before
}

func (g guardedRepos) Users() port.Users       { return guardedUsers{g.Repos.Users(), g.before} }
func (g guardedRepos) Sessions() port.Sessions { return guardedSessions{g.Repos.Sessions(), g.before} }
func (g guardedRepos) Tickets() port.Tickets   { return guardedTickets{g.Repos.Tickets(), g.before} }
func (g guardedRepos) OTPs() port.OTPs         { return guardedOTPs{g.Repos.OTPs(), g.before} }
func (g guardedRepos) PKCECodes() port.PKCECodes {
	return guardedPKCECodes{g.Repos.PKCECodes(), g.before}
}

func (g guardedRepos) SecurityKeys() port.SecurityKeys {
	return guardedSecurityKeys{g.Repos.SecurityKeys(), g.before}
}
func (g guardedRepos) Ceremonies() port.Ceremonies {
	return guardedCeremonies{g.Repos.Ceremonies(), g.before}
}

type guardedSecurityKeys struct {
	port.SecurityKeys
	before before
}

func (g guardedSecurityKeys) List(ctx context.Context, user domain.UserID) ([]domain.SecurityKey, error) {
	return yield(ctx, g.before, func() ([]domain.SecurityKey, error) { return g.SecurityKeys.List(ctx, user) })
}

type guardedCeremonies struct {
	port.Ceremonies
	before before
}

func (g guardedCeremonies) Add(ctx context.Context, ceremony domain.Ceremony) error {
	return g.before.do(ctx, func() error { return g.Ceremonies.Add(ctx, ceremony) })
}

func (g guardedRepos) MFASecrets() port.MFASecrets {
	return guardedMFASecrets{g.Repos.MFASecrets(), g.before}
}

type guardedUsers struct {
	port.Users
	before before
}

func (g guardedUsers) Insert(ctx context.Context, user port.NewUser) error {
	return g.before.do(ctx, func() error { return g.Users.Insert(ctx, user) })
}

func (g guardedUsers) ByID(ctx context.Context, id domain.UserID) (domain.User, error) {
	return yield(ctx, g.before, func() (domain.User, error) { return g.Users.ByID(ctx, id) })
}

func (g guardedUsers) SecondFactors(ctx context.Context, id domain.UserID) (domain.SecondFactors, error) {
	return yield(ctx, g.before, func() (domain.SecondFactors, error) { return g.Users.SecondFactors(ctx, id) })
}

func (g guardedUsers) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return yield(ctx, g.before, func() (domain.User, error) { return g.Users.ByEmail(ctx, email) })
}

func (g guardedUsers) ReplacePasswordHash(ctx context.Context, id domain.UserID, old, replacement string) error {
	return g.before.do(ctx, func() error { return g.Users.ReplacePasswordHash(ctx, id, old, replacement) })
}

func (g guardedUsers) SetPasswordHash(ctx context.Context, id domain.UserID, hash string) error {
	return g.before.do(ctx, func() error { return g.Users.SetPasswordHash(ctx, id, hash) })
}

func (g guardedUsers) MarkEmailVerified(ctx context.Context, id domain.UserID, email domain.Email) error {
	return g.before.do(ctx, func() error { return g.Users.MarkEmailVerified(ctx, id, email) })
}

func (g guardedUsers) AnnounceEmail(ctx context.Context, id domain.UserID, email domain.Email) error {
	return g.before.do(ctx, func() error { return g.Users.AnnounceEmail(ctx, id, email) })
}

func (g guardedUsers) ChangeEmail(ctx context.Context, id domain.UserID, email domain.Email) error {
	return g.before.do(ctx, func() error { return g.Users.ChangeEmail(ctx, id, email) })
}

func (g guardedUsers) Deanonymize(ctx context.Context, user domain.User) error {
	return g.before.do(ctx, func() error { return g.Users.Deanonymize(ctx, user) })
}

type guardedSessions struct {
	port.Sessions
	before before
}

func (g guardedSessions) Start(ctx context.Context, session domain.Session, passwordHash string) error {
	return g.before.do(ctx, func() error { return g.Sessions.Start(ctx, session, passwordHash) })
}

func (g guardedSessions) Rotate(ctx context.Context, r port.Rotation) (user domain.User, id domain.SessionID, err error) {
	err = g.before.do(ctx, func() error {
		user, id, err = g.Sessions.Rotate(ctx, r)
		return err
	})
	return user, id, err
}

func (g guardedSessions) Trails(ctx context.Context, token domain.RefreshTokenHash, family string) ([]domain.Trail, error) {
	return yield(ctx, g.before, func() ([]domain.Trail, error) { return g.Sessions.Trails(ctx, token, family) })
}

func (g guardedSessions) End(ctx context.Context, id domain.SessionID) error {
	return g.before.do(ctx, func() error { return g.Sessions.End(ctx, id) })
}

func (g guardedSessions) EndByToken(ctx context.Context, token domain.RefreshTokenHash, family string) error {
	return g.before.do(ctx, func() error { return g.Sessions.EndByToken(ctx, token, family) })
}

func (g guardedSessions) EndAllBut(ctx context.Context, id domain.UserID, spared domain.SessionID) error {
	return g.before.do(ctx, func() error { return g.Sessions.EndAllBut(ctx, id, spared) })
}

// withStore returns copies of the use cases in which every store is wrapped.
func withStore(u rest.UseCases, wrap func(port.Store) port.Store) rest.UseCases {
	all := reflect.ValueOf(&u).Elem()
	for i := range all.NumField() {
		changed := reflect.New(all.Field(i).Type().Elem())
		changed.Elem().Set(all.Field(i).Elem())
		wrapStores(changed.Elem(), wrap)
		all.Field(i).Set(changed)
	}
	return u
}

// wrapStores changes the stores of a use case, and of what it is made of.
func wrapStores(part reflect.Value, wrap func(port.Store) port.Store) {
	for i := range part.NumField() {
		field := part.Field(i)
		if !field.CanSet() {
			continue
		}
		if store, ok := field.Interface().(port.Store); ok {
			field.Set(reflect.ValueOf(wrap(store)))
		} else if field.Kind() == reflect.Struct {
			wrapStores(field, wrap)
		}
	}
}
