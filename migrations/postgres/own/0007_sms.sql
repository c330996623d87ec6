-- Sign-in by SMS. users_hx_phone_idx finds the accounts whose number ends in seven digits, however it is written: which of them
-- is meant is for the program to decide. hexauth_sms_counts: how many messages were sent since a window began; subject is "total",
-- a country, or the keyed hash of a number.

CREATE INDEX IF NOT EXISTS users_hx_phone_idx ON auth.users (right(regexp_replace(phone_number, '[^0-9]', '', 'g'), 7)) WHERE phone_number IS NOT NULL;

CREATE TABLE IF NOT EXISTS auth.hexauth_sms_counts (
  subject text NOT NULL,
  sent integer NOT NULL,
  window_ends_at timestamptz NOT NULL,
  CONSTRAINT hexauth_sms_counts_pkey PRIMARY KEY (subject)
);
CREATE INDEX IF NOT EXISTS hexauth_sms_counts_window_ends_at_idx ON auth.hexauth_sms_counts (window_ends_at);
