package bunstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// List implements port.Administration.
func (a administration) List(ctx context.Context, q domain.UserQuery) (domain.UserPage, error) {
	ctx, cancel := a.conn.bounded(ctx)
	defer cancel()
	var page domain.UserPage
	var err error
	switch {
	case q.ID() != "":
		page, err = a.only(ctx, q)
	case q.Search != "":
		page, err = a.search(ctx, q)
	default:
		page, err = a.all(ctx, q)
	}
	return page, a.conn.err(ctx, err)
}

// only is the list of those who have the id: one or none.
func (a administration) only(ctx context.Context, q domain.UserQuery) (domain.UserPage, error) {
	query := `SELECT ` + accountColumns(a.conn.store.dialect.sqlite) + ` FROM auth.users u WHERE u.id = $1`
	var page domain.UserPage
	err := a.rows(ctx, func(row foundRow) { page.Accounts = append(page.Accounts, row.account()) }, nil, query, string(q.ID()))
	return page, err
}

// all is the list of all users, the newest first.
func (a administration) all(ctx context.Context, q domain.UserQuery) (domain.UserPage, error) {
	query, args := `SELECT `+accountColumns(a.conn.store.dialect.sqlite)+` FROM auth.users u `, []any{q.Limit + 1}
	if at, ok := q.After.Time(); ok {
		query += `WHERE (u.created_at, u.id) < ($2, $3) `
		args = append(args, a.conn.time(at), string(q.After.ID))
	}
	var page domain.UserPage
	err := a.rows(ctx, func(row foundRow) { page.Accounts = append(page.Accounts, row.account()) }, nil,
		query+`ORDER BY u.created_at DESC, u.id DESC LIMIT $1`, args...)
	if len(page.Accounts) > q.Limit {
		page.Accounts = page.Accounts[:q.Limit]
		page.Next = domain.PositionAt(page.Accounts[q.Limit-1].User)
	}
	return page, err
}

// foundRow is an account with the key it was found by, what was searched for, and everything it can be found by.
type foundRow struct {
	accountRow
	Key, Prefix        string
	Email, Name, Phone string // as they are searched
}

func (r *foundRow) found() []any { return []any{&r.Key, &r.Prefix, &r.Email, &r.Name, &r.Phone} }

// first tells whether the key is the first of those by which the search finds the account: by the others it would appear again.
func (r *foundRow) first() bool {
	for _, key := range []string{r.Email, r.Name, r.Phone} {
		if strings.HasPrefix(key, r.Prefix) && key < r.Key {
			return false
		}
	}
	return true
}

// search is the list of users who have something that begins with the text. Each index gives a page of candidates, and the first of
// them all make the page.
func (a administration) search(ctx context.Context, q domain.UserQuery) (domain.UserPage, error) {
	var page domain.UserPage
	var last domain.UserPosition
	candidates := 0
	err := a.rows(ctx, func(row foundRow) {
		if candidates++; candidates > q.Limit {
			return
		}
		last = domain.UserPosition{Key: row.Key, ID: domain.UserID(row.ID)}
		if row.first() {
			page.Accounts = append(page.Accounts, row.account())
		}
	}, (*foundRow).found, searchUsers(a.conn.store.dialect.sqlite), q.Search, q.After.Key, afterID(q), q.Limit+1)
	if candidates > q.Limit {
		page.Next = last
	}
	return page, err
}

// rows runs a statement that selects accountColumns, and before them whatever before has places for.
func (a administration) rows(ctx context.Context, take func(foundRow), before func(*foundRow) []any, query string, args ...any) error {
	rows, err := a.conn.bound(a.conn.read(), args).QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func(rows *sql.Rows) { _ = rows.Close() }(rows)
	for rows.Next() {
		var row foundRow
		fields := row.fields()
		if before != nil {
			fields = append(before(&row), fields...)
		}
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		take(row)
	}
	return rows.Err()
}

// What users are searched by, exactly as the indexes of the step "administration" have it.
const (
	searchEmail = `lower(CAST(email AS text))`
	searchName  = `lower(display_name)`
	searchPhone = `phone_number`
)

// afterEverything comes after every text that begins with what it is appended to.
const afterEverything = "\U0010FFFF"

// searchUsers takes the text, the position (key and id) and how many. What is found is limited before the accounts are read.
func searchUsers(sqlite bool) string {
	collate := ` COLLATE "C"`
	if sqlite {
		collate = ""
	}
	branch := func(expression, column string) string {
		key := expression + collate
		return `SELECT * FROM (SELECT ` + key + ` AS key, id FROM auth.users WHERE ` + column + ` IS NOT NULL
			AND ` + searchFrom(sqlite, key) + ` AND ` + key + ` < lower($1) || '` + afterEverything + `' ORDER BY ` + key + `, id LIMIT $4) AS found`
	}
	return `WITH candidates AS (` + branch(searchEmail, "email") + ` UNION ` + branch(searchName, "display_name") + ` UNION ` +
		branch(searchPhone, "phone_number") + `), chosen AS (SELECT key, id FROM candidates ORDER BY key` + collate + `, id LIMIT $4)
		SELECT c.key, lower($1), coalesce(` + searchEmail + `, ''), ` + searchName + `, coalesce(` + searchPhone + `, ''), ` + accountColumns(sqlite) + `
		FROM chosen c JOIN auth.users u ON u.id = c.id ORDER BY c.key` + collate + `, c.id`
}

// searchFrom is where a search begins: at the text, or further at the position. There must be one lower bound for the index alone. Of
// two, PostgreSQL may begin at the lower one, which on the first page is where the index begins, and read everything up to the other.
// SQLite does not look for pairs in an index of expressions.
func searchFrom(sqlite bool, key string) string {
	if sqlite {
		return key + ` >= max(lower($1), $2) AND (` + key + `, id) > ($2, $3)`
	}
	return `(` + key + `, id) > (greatest(lower($1) COLLATE "C", $2), $3)`
}

// afterID is the id of the position, before every other at the beginning.
func afterID(q domain.UserQuery) string {
	if q.After.ID == "" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return string(q.After.ID)
}
