-- Second factors, see the file of the same name for PostgreSQL.

CREATE TABLE auth.hexauth_mfa (
  user_id text NOT NULL PRIMARY KEY REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  totp_step integer,
  attempts integer NOT NULL DEFAULT 0,
  window_ends_at text NOT NULL
);

CREATE TABLE auth.hexauth_recovery_codes (
  user_id text NOT NULL REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  code_hash text NOT NULL,
  PRIMARY KEY (user_id, code_hash)
);

ALTER TABLE auth.hexauth_tickets ADD COLUMN attempts integer NOT NULL DEFAULT 0;

CREATE INDEX auth.users_hx_clear_totp_idx ON users (id) WHERE length(totp_secret) < 64;
