-- Sign-in by SMS, see the file of the same name for PostgreSQL.

CREATE INDEX auth.users_hx_phone_idx ON users
  (substr(replace(replace(replace(replace(replace(replace(replace(phone_number, '+', ''), ' ', ''), '-', ''), '(', ''), ')', ''), '.', ''), '/', ''), -7))
  WHERE phone_number IS NOT NULL;

CREATE TABLE auth.hexauth_sms_counts (
  subject text NOT NULL PRIMARY KEY,
  sent integer NOT NULL,
  window_ends_at text NOT NULL
);
CREATE INDEX auth.hexauth_sms_counts_window_ends_at_idx ON hexauth_sms_counts (window_ends_at);
