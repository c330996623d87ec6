-- Second factors: which time step was used last, how many codes were tried since the window began, and recovery codes as keyed
-- hashes. TOTP secrets stay where hasura-auth keeps them, in auth.users.

CREATE TABLE IF NOT EXISTS auth.hexauth_mfa (
  user_id uuid NOT NULL,
  totp_step bigint,
  attempts integer NOT NULL DEFAULT 0,
  window_ends_at timestamptz NOT NULL,
  CONSTRAINT hexauth_mfa_pkey PRIMARY KEY (user_id),
  CONSTRAINT hexauth_mfa_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS auth.hexauth_recovery_codes (
  user_id uuid NOT NULL,
  code_hash text NOT NULL,
  CONSTRAINT hexauth_recovery_codes_pkey PRIMARY KEY (user_id, code_hash),
  CONSTRAINT hexauth_recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE
);

-- attempts: codes tried with a ticket for the second step. The session_id of such a ticket is that of the session it will open.
ALTER TABLE auth.hexauth_tickets ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0;

-- Secrets that a hasura-auth server left in clear: see clearSecret in adapter/bunstore/mfa.go.
CREATE INDEX IF NOT EXISTS users_hx_clear_totp_idx ON auth.users (id) WHERE length(totp_secret) < 64;
