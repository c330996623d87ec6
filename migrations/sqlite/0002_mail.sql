-- Tickets, codes and the outbox of mails, see the file of the same name for PostgreSQL.

CREATE TABLE auth.hexauth_tickets (
  ticket_hash text NOT NULL PRIMARY KEY,
  purpose text NOT NULL,
  user_id text REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  email text COLLATE NOCASE,
  code_challenge text,
  created_at text NOT NULL,
  expires_at text NOT NULL,
  used_at text,
  session_id text
);
CREATE INDEX auth.hexauth_tickets_user_id_idx ON hexauth_tickets (user_id);
CREATE INDEX auth.hexauth_tickets_expires_at_idx ON hexauth_tickets (expires_at);
CREATE INDEX auth.hexauth_tickets_session_id_idx ON hexauth_tickets (session_id) WHERE session_id IS NOT NULL;

CREATE TABLE auth.hexauth_codes (
  subject text NOT NULL PRIMARY KEY,
  user_id text REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  code_hash text,
  expires_at text,
  attempts integer NOT NULL DEFAULT 0,
  window_ends_at text NOT NULL
);
CREATE INDEX auth.hexauth_codes_user_id_idx ON hexauth_codes (user_id);
CREATE INDEX auth.hexauth_codes_window_ends_at_idx ON hexauth_codes (window_ends_at);

CREATE TABLE auth.hexauth_outbox (
  id text NOT NULL PRIMARY KEY,
  template text NOT NULL,
  locale text NOT NULL,
  recipient text NOT NULL,
  payload text NOT NULL,
  created_at text NOT NULL,
  next_attempt_at text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  parked_at text
);
CREATE INDEX auth.hexauth_outbox_next_attempt_at_idx ON hexauth_outbox (next_attempt_at) WHERE parked_at IS NULL;
CREATE INDEX auth.hexauth_outbox_silence_idx ON hexauth_outbox (id) WHERE template = '';
CREATE INDEX auth.hexauth_outbox_parked_at_idx ON hexauth_outbox (parked_at) WHERE parked_at IS NOT NULL;

ALTER TABLE auth.pkce_authorization_codes ADD COLUMN hx_session_id text;
CREATE INDEX auth.pkce_authorization_codes_hx_session_id_idx ON pkce_authorization_codes (hx_session_id) WHERE hx_session_id IS NOT NULL;

ALTER TABLE auth.refresh_tokens ADD COLUMN hx_user_agent text;
ALTER TABLE auth.refresh_tokens ADD COLUMN hx_address text;
