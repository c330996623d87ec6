package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/hexauth/hexauth/adapter/claims"
	"github.com/hexauth/hexauth/adapter/system"
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
func newClaims(ctx context.Context, cfg config.Config, log *slog.Logger) (customClaims, error) {
	made := customClaims{source: claims.None{}, policy: domain.CustomClaimsPolicy{OnFailure: domain.ClaimsFailure(cfg.CustomClaimsOnFailure)}}
	var source port.CustomClaims
	switch {
	case cfg.CustomClaimsSQL != "":
		query, err := openClaimsSQL(ctx, cfg, log)
		if err != nil {
			return customClaims{}, err
		}
		source = query
		made.jobs = append(made.jobs, func(ctx context.Context) { // requests under way have finished when jobs end
			<-ctx.Done()
			query.Close()
		})
	default:
		made.policy = domain.CustomClaimsPolicy{}
		return made, nil
	}
	made.policy.Defaults = domain.CustomClaims(cfg.CustomClaimsDefaults)
	made.source = claims.NewBounded(source, claims.Options{Timeout: cfg.CustomClaimsTimeout, Keep: cfg.CustomClaimsCache, Clock: system.Clock{}, Log: log})
	return made, nil
}

func openClaimsSQL(ctx context.Context, cfg config.Config, log *slog.Logger) (*claims.SQL, error) {
	const name = "AUTH_JWT_CUSTOM_CLAIMS_SQL"
	query, err := claims.OpenSQL(ctx, claims.SQLOptions{
		URL: cfg.CustomClaimsSQLURL, Query: cfg.CustomClaimsSQL, PoolSize: cfg.CustomClaimsSQLPoolSize, Timeout: cfg.CustomClaimsTimeout,
		Unprepared: !cfg.DatabasePreparedStatements,
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
