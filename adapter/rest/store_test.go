package rest_test

import (
	"context"
	"reflect"
	"time"

	"github.com/hexauth/hexauth/adapter/rest"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// guarded is a port.Store that asks before every step whether it happens: before returns nil, the error that the step fails
// with, or panics.
type guarded struct {
	store  port.Store
	before func(ctx context.Context) error
}

func (g guarded) Users() port.Users             { return guardedUsers{g.store.Users(), g.before} }
func (g guarded) Sessions() port.Sessions       { return guardedSessions{g.store.Sessions(), g.before} }
func (g guarded) Roles() port.Roles             { return g.store.Roles() }
func (g guarded) SigningKeys() port.SigningKeys { return g.store.SigningKeys() }

func (g guarded) Atomic(ctx context.Context, do func(context.Context, port.Repos) error) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.store.Atomic(ctx, do)
}

func (g guarded) Ready(ctx context.Context) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.store.Ready(ctx)
}

type guardedUsers struct {
	users  port.Users
	before func(ctx context.Context) error
}

func (g guardedUsers) Insert(ctx context.Context, user domain.User, session *domain.Session) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.users.Insert(ctx, user, session)
}

func (g guardedUsers) ByID(ctx context.Context, id domain.UserID) (domain.User, error) {
	if err := g.before(ctx); err != nil {
		return domain.User{}, err
	}
	return g.users.ByID(ctx, id)
}

func (g guardedUsers) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	if err := g.before(ctx); err != nil {
		return domain.User{}, err
	}
	return g.users.ByEmail(ctx, email)
}

func (g guardedUsers) ReplacePasswordHash(ctx context.Context, id domain.UserID, old, replacement string) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.users.ReplacePasswordHash(ctx, id, old, replacement)
}

type guardedSessions struct {
	sessions port.Sessions
	before   func(ctx context.Context) error
}

func (g guardedSessions) Start(ctx context.Context, session domain.Session) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.sessions.Start(ctx, session)
}

func (g guardedSessions) Rotate(ctx context.Context, r port.Rotation) (domain.User, domain.SessionID, error) {
	if err := g.before(ctx); err != nil {
		return domain.User{}, "", err
	}
	return g.sessions.Rotate(ctx, r)
}

func (g guardedSessions) Trails(ctx context.Context, token domain.RefreshTokenHash, family string) ([]domain.Trail, error) {
	if err := g.before(ctx); err != nil {
		return nil, err
	}
	return g.sessions.Trails(ctx, token, family)
}

func (g guardedSessions) End(ctx context.Context, id domain.SessionID) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.sessions.End(ctx, id)
}

func (g guardedSessions) EndByToken(ctx context.Context, token domain.RefreshTokenHash, family string) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.sessions.EndByToken(ctx, token, family)
}

func (g guardedSessions) EndAll(ctx context.Context, id domain.UserID) error {
	if err := g.before(ctx); err != nil {
		return err
	}
	return g.sessions.EndAll(ctx, id)
}

func (g guardedSessions) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := g.before(ctx); err != nil {
		return 0, err
	}
	return g.sessions.DeleteExpired(ctx, now, limit)
}

// withStore returns copies of the use cases in which every store is wrapped.
func withStore(u rest.UseCases, wrap func(port.Store) port.Store) rest.UseCases {
	all := reflect.ValueOf(&u).Elem()
	for i := range all.NumField() {
		changed := reflect.New(all.Field(i).Type().Elem())
		changed.Elem().Set(all.Field(i).Elem())
		for j := range changed.Elem().NumField() {
			if store, ok := changed.Elem().Field(j).Interface().(port.Store); ok {
				changed.Elem().Field(j).Set(reflect.ValueOf(wrap(store)))
			}
		}
		all.Field(i).Set(changed)
	}
	return u
}
