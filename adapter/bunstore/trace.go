package bunstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// queryTracer is a pgx.QueryTracer: it sees every statement of a pool, whichever way it comes. Arguments are not passed on.
type queryTracer struct {
	trace func(ctx context.Context, statement string) (context.Context, func(error))
}

// statementKey is the context's key for what is to be called when a statement has ended.
type statementKey struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (t queryTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	ctx, end := t.trace(ctx, data.SQL)
	return context.WithValue(ctx, statementKey{}, end)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t queryTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if end, ok := ctx.Value(statementKey{}).(func(error)); ok {
		end(data.Err)
	}
}
