package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/hexauth/hexauth/domain"
)

// roles implements port.Roles.
type roles struct{ conn conn }

type roleRow struct {
	bun.BaseModel `bun:"table:auth.roles"`

	Role string `bun:"role,pk"`
}

// Ensure implements port.Roles.
func (r roles) Ensure(ctx context.Context, names []domain.Role) error {
	ctx, cancel := r.conn.bounded(ctx)
	defer cancel()
	rows := make([]roleRow, len(names))
	for i, name := range names {
		rows[i].Role = string(name)
	}
	lane := r.conn.write()
	_, err := lane.db.NewInsert().Model(&rows).Conn(lane.conn).On("CONFLICT DO NOTHING").Exec(ctx)
	return r.conn.err(ctx, err)
}
