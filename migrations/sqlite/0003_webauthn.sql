-- Ceremonies and more about security keys, see the file of the same name for PostgreSQL.

CREATE TABLE auth.hexauth_ceremonies (
  challenge text NOT NULL PRIMARY KEY,
  purpose text NOT NULL,
  user_id text,
  state text NOT NULL,
  email text,
  options text,
  expires_at text NOT NULL
);
CREATE INDEX auth.hexauth_ceremonies_expires_at_idx ON hexauth_ceremonies (expires_at);

ALTER TABLE auth.user_security_keys ADD COLUMN hx_user_verified boolean;
ALTER TABLE auth.user_security_keys ADD COLUMN hx_backup_eligible boolean;
ALTER TABLE auth.user_security_keys ADD COLUMN hx_backed_up boolean;
ALTER TABLE auth.user_security_keys ADD COLUMN hx_created_at text;
ALTER TABLE auth.user_security_keys ADD COLUMN hx_last_used_at text;
