-- Tickets, codes and the outbox of mails. Rows whose user is unknown stand for requests about nobody: they make such a
-- request cost what one about somebody costs, and are removed like expired ones.

CREATE TABLE IF NOT EXISTS auth.hexauth_tickets (
  ticket_hash text NOT NULL,
  purpose text NOT NULL,
  user_id uuid,
  email public.citext,
  code_challenge text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  session_id uuid,
  CONSTRAINT hexauth_tickets_pkey PRIMARY KEY (ticket_hash),
  CONSTRAINT hexauth_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS hexauth_tickets_user_id_idx ON auth.hexauth_tickets (user_id);
CREATE INDEX IF NOT EXISTS hexauth_tickets_expires_at_idx ON auth.hexauth_tickets (expires_at);
CREATE INDEX IF NOT EXISTS hexauth_tickets_session_id_idx ON auth.hexauth_tickets (session_id) WHERE session_id IS NOT NULL;

-- subject: keyed hash of what the code was sent to. attempts: guesses since the window began.
CREATE TABLE IF NOT EXISTS auth.hexauth_codes (
  subject text NOT NULL,
  user_id uuid,
  code_hash text,
  expires_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  window_ends_at timestamptz NOT NULL,
  CONSTRAINT hexauth_codes_pkey PRIMARY KEY (subject),
  CONSTRAINT hexauth_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS hexauth_codes_user_id_idx ON auth.hexauth_codes (user_id);
CREATE INDEX IF NOT EXISTS hexauth_codes_window_ends_at_idx ON auth.hexauth_codes (window_ends_at);

-- payload: everything else of the message, encrypted with AUTH_ENCRYPTION_KEY. A row is deleted once it is sent.
CREATE TABLE IF NOT EXISTS auth.hexauth_outbox (
  id uuid NOT NULL,
  template text NOT NULL,
  locale text NOT NULL,
  recipient text NOT NULL,
  payload text NOT NULL,
  created_at timestamptz NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  parked_at timestamptz,
  CONSTRAINT hexauth_outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS hexauth_outbox_next_attempt_at_idx ON auth.hexauth_outbox (next_attempt_at) WHERE parked_at IS NULL;
CREATE INDEX IF NOT EXISTS hexauth_outbox_silence_idx ON auth.hexauth_outbox (id) WHERE template = '';
CREATE INDEX IF NOT EXISTS hexauth_outbox_parked_at_idx ON auth.hexauth_outbox (parked_at) WHERE parked_at IS NOT NULL;

-- hx_session_id: the session that the exchange of the code will open.
ALTER TABLE auth.pkce_authorization_codes ADD COLUMN IF NOT EXISTS hx_session_id uuid;
CREATE INDEX IF NOT EXISTS pkce_authorization_codes_hx_session_id_idx ON auth.pkce_authorization_codes (hx_session_id) WHERE hx_session_id IS NOT NULL;

-- Where a session was opened from, for its user to recognise it by.
ALTER TABLE auth.refresh_tokens
  ADD COLUMN IF NOT EXISTS hx_user_agent text,
  ADD COLUMN IF NOT EXISTS hx_address text;
