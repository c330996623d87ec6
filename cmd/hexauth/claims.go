package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/adapter/hasura"
	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/adapter/telemetry"
	"github.com/hexauth/hexauth/config"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// customClaims is where the app's claims come from, and what tokens are without them.
type customClaims struct {
	source port.CustomClaims
	policy domain.CustomClaimsPolicy
	jobs   []func(context.Context) // run until the context ends
}

// newClaims reaches for a database only to have the query of the configuration read; one that is away stops nobody from starting.
func newClaims(ctx context.Context, cfg config.Config, clock port.Clock, tracing *telemetry.Telemetry, log *slog.Logger) (customClaims, error) {
	made := customClaims{source: claims.None{}, policy: domain.CustomClaimsPolicy{OnFailure: domain.ClaimsFailure(cfg.CustomClaimsOnFailure)}}
	var source port.CustomClaims
	switch {
	case cfg.CustomClaimsSQL != "":
		query, err := openClaimsSQL(ctx, cfg, tracing, log)
		if err != nil {
			return customClaims{}, err
		}
		source = query
		made.jobs = append(made.jobs, func(ctx context.Context) { // requests under way have finished when jobs end
			<-ctx.Done()
			query.Close()
		})
	case len(cfg.CustomClaims) > 0:
		through, err := hasura.NewClaims(hasura.Options{URL: cfg.GraphQLURL, AdminSecret: cfg.HasuraAdminSecret, Client: tracing.Client("hasura")}, cfg.CustomClaims)
		if err != nil {
			return customClaims{}, err
		}
		source = through
	case cfg.CustomClaimsHookURL != "":
		hook, err := claims.NewHook(claims.HookOptions{
			URL: cfg.CustomClaimsHookURL, Key: cfg.CustomClaimsHookSecret, Client: tracing.Client("claims-hook"), Clock: clock, Random: system.Random{},
		})
		if err != nil {
			return customClaims{}, err
		}
		source = hook
	default:
		made.policy = domain.CustomClaimsPolicy{}
		return made, nil
	}
	made.policy.Defaults = claimsDefaults(cfg)
	made.source = claims.NewBounded(source, claims.Options{Timeout: cfg.CustomClaimsTimeout, Keep: cfg.CustomClaimsCache, Clock: clock, Log: log})
	return made, nil
}

// claimsDefaults are those of the configuration, of claims that paths lead to where there are paths; a list that has none is empty.
func claimsDefaults(cfg config.Config) domain.CustomClaims {
	if len(cfg.CustomClaims) == 0 {
		return domain.CustomClaims(cfg.CustomClaimsDefaults)
	}
	defaults := domain.CustomClaims{}
	for name, path := range cfg.CustomClaims {
		if value := cfg.CustomClaimsDefaults[name]; value != nil {
			defaults[name] = value
		} else if path.IsList() {
			defaults[name] = []any{}
		}
	}
	return defaults
}

func openClaimsSQL(ctx context.Context, cfg config.Config, tracing *telemetry.Telemetry, log *slog.Logger) (*claims.SQL, error) {
	const name = "AUTH_JWT_CUSTOM_CLAIMS_SQL"
	query, err := claims.OpenSQL(ctx, claims.SQLOptions{
		URL: cfg.CustomClaimsSQLURL, Query: cfg.CustomClaimsSQL, PoolSize: cfg.CustomClaimsSQLPoolSize, Timeout: cfg.CustomClaimsTimeout,
		Unprepared: !cfg.DatabasePreparedStatements, Trace: tracing.Statements("postgresql"),
	})
	if err != nil {
		return nil, fmt.Errorf("%s_URL: %w", name, err)
	}
	limited, cancel := context.WithTimeout(ctx, cfg.DatabaseTimeout)
	defer cancel()
	switch final, err := query.Check(limited); {
	case final:
		query.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	case errors.Is(err, domain.Unavailable):
		log.Warn("the query for custom claims could not be checked yet", "variable", name, "cause", err.Error())
	case err != nil: // a table that the app has yet to create, perhaps
		log.Error("the query for custom claims does not work", "variable", name, "cause", err.Error())
	}
	return query, nil
}
