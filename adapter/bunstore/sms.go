package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// endingLength is how many digits of a phone number the index users_hx_phone_idx keeps: few enough for every way to write a
// number to end in them, enough for few accounts to share them.
const endingLength = 7

// phoneEnding is the expression of the index users_hx_phone_idx, word for word.
func phoneEnding(sqlite bool) string {
	if sqlite {
		return `substr(replace(replace(replace(replace(replace(replace(replace(u.phone_number, '+', ''), ' ', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', ''), -7)`
	}
	return `right(regexp_replace(u.phone_number, '[^0-9]', '', 'g'), 7)`
}

// endingOf returns the last digits of a number in E.164.
func endingOf(number string) string {
	digits := strings.TrimPrefix(number, "+")
	return digits[max(0, len(digits)-endingLength):]
}

// ByPhoneEnding implements port.Users.
func (u users) ByPhoneEnding(ctx context.Context, number string) ([]domain.User, error) {
	ctx, cancel := u.conn.bounded(ctx)
	defer cancel()
	var found []domain.User
	err := u.conn.each(ctx, u.conn.read(), func(scan func(...any) error) error {
		var row userRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		found = append(found, row.user())
		return nil
	}, u.conn.store.dialect.texts.usersByPhone, endingOf(number))
	return found, u.conn.err(ctx, err)
}

// MarkPhoneVerified implements port.Users.
func (u users) MarkPhoneVerified(ctx context.Context, id domain.UserID, number string) error {
	return u.change(ctx, `UPDATE auth.users SET phone_number_verified = true WHERE id = $1 AND phone_number = $2`, string(id), number)
}

// LegacySMS implements port.OTPs.
func (o otps) LegacySMS(ctx context.Context, number string, now time.Time) ([]domain.LegacySMSCode, error) {
	ctx, cancel := o.conn.bounded(ctx)
	defer cancel()
	var found []domain.LegacySMSCode
	err := o.conn.each(ctx, o.conn.read(), func(scan func(...any) error) error {
		var id string
		var code domain.LegacySMSCode
		if err := scan(&id, &code.PhoneNumber, &code.Hash); err != nil {
			return err
		}
		code.UserID = domain.UserID(id)
		found = append(found, code)
		return nil
	}, `SELECT u.id, u.phone_number, u.otp_hash FROM auth.users u WHERE `+phoneEnding(o.conn.store.dialect.sqlite)+` = $1 AND u.phone_number IS NOT NULL
		AND u.otp_method_last_used = 'sms' AND u.otp_hash IS NOT NULL AND u.otp_hash_expires_at > $2 ORDER BY u.created_at, u.id`,
		endingOf(number), o.conn.time(now))
	return found, o.conn.err(ctx, err)
}

// ConsumeLegacySMS implements port.OTPs.
func (o otps) ConsumeLegacySMS(ctx context.Context, code domain.LegacySMSCode) error {
	return users(o).change(ctx, `UPDATE auth.users SET otp_hash = NULL WHERE id = $1 AND otp_hash = $2 AND otp_method_last_used = 'sms'`,
		string(code.UserID), code.Hash)
}

// smsCounts implements port.SMSCounts.
type smsCounts struct{ conn conn }

// countSMS opens a window or counts in the open one, until the cap is used up; %s is where the row comes from. $1 is the subject,
// $2 how many there may be, $3 the end of a new window and $4 now.
const countSMS = `INSERT INTO auth.hexauth_sms_counts AS c (subject, sent, window_ends_at) %s
	ON CONFLICT (subject) DO UPDATE SET sent = CASE WHEN c.window_ends_at > $4 THEN c.sent + 1 ELSE 1 END,
		window_ends_at = CASE WHEN c.window_ends_at > $4 THEN c.window_ends_at ELSE excluded.window_ends_at END
	WHERE c.sent < $2 OR c.window_ends_at <= $4`

// Count implements port.SMSCounts. On PostgreSQL it is one statement, whose parts follow on one another; all callers lock in the
// order of the caps.
func (s smsCounts) Count(ctx context.Context, caps []domain.SMSCap, now time.Time) error {
	if len(caps) == 0 {
		return nil
	}
	ctx, cancel := s.conn.bounded(ctx)
	defer cancel()
	if s.conn.store.dialect.sqlite {
		return s.conn.err(ctx, s.countInTurn(ctx, caps, now))
	}
	query, args := s.chain(caps, now)
	var counted int
	err := s.conn.scan(ctx, s.conn.write(), []any{&counted}, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return port.ErrTaken
	}
	return s.conn.err(ctx, err)
}

func (s smsCounts) arguments(c domain.SMSCap, now time.Time) []any {
	return []any{c.Subject, c.Most, s.conn.time(c.WindowEndsAt), s.conn.time(now)}
}

func (s smsCounts) chain(caps []domain.SMSCap, now time.Time) (query string, args []any) {
	var text strings.Builder
	for i, c := range caps {
		row := "SELECT CAST($1 AS text), 1, CAST($3 AS timestamptz)"
		if i > 0 {
			row += fmt.Sprintf(" FROM count%d", i-1)
		}
		step := renumber(fmt.Sprintf(countSMS, row), len(args))
		fmt.Fprintf(&text, "%s count%d AS (%s RETURNING 1)", []string{"WITH", ","}[min(i, 1)], i, step)
		args = append(args, s.arguments(c, now)...)
	}
	fmt.Fprintf(&text, " SELECT 1 FROM count%d", len(caps)-1)
	return text.String(), args
}

// countInTurn keeps what it has counted before a cap that is used up, as the one statement does.
func (s smsCounts) countInTurn(ctx context.Context, caps []domain.SMSCap, now time.Time) error {
	var usedUp error
	err := s.conn.atomic(ctx, func(ctx context.Context, c conn) error {
		for _, limit := range caps {
			counted, err := c.exec(ctx, c.write(), fmt.Sprintf(countSMS, "VALUES ($1, 1, $3)"), s.arguments(limit, now)...)
			if err != nil {
				return err
			}
			if counted == 0 {
				usedUp = port.ErrTaken
				return nil
			}
		}
		return nil
	})
	return errors.Join(err, usedUp)
}

// DeleteExpired implements port.SMSCounts.
func (s smsCounts) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.conn.deleteExpired(ctx, "auth.hexauth_sms_counts", "subject", "window_ends_at", now, limit)
}
