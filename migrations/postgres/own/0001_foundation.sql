-- Our additions of the first release. Everything here is nullable, an index or a table of our own, so that a
-- hasura-auth server still works on the database.

CREATE TABLE IF NOT EXISTS auth.hexauth_migrations (
  id integer NOT NULL,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT hexauth_migrations_pkey PRIMARY KEY (id)
);

-- hx_family: keyed hash of the token family. hx_rotated_at: when the token was last rotated. hx_recent: recent rotations.
ALTER TABLE auth.refresh_tokens
  ADD COLUMN IF NOT EXISTS hx_family text,
  ADD COLUMN IF NOT EXISTS hx_rotated_at timestamptz,
  ADD COLUMN IF NOT EXISTS hx_recent text;

CREATE INDEX IF NOT EXISTS refresh_tokens_hx_family_idx ON auth.refresh_tokens (hx_family) WHERE hx_family IS NOT NULL;
CREATE INDEX IF NOT EXISTS refresh_tokens_hx_expires_at_idx ON auth.refresh_tokens (expires_at);
CREATE INDEX IF NOT EXISTS refresh_tokens_hx_user_id_idx ON auth.refresh_tokens (user_id);
CREATE INDEX IF NOT EXISTS users_hx_ticket_idx ON auth.users (ticket) WHERE ticket IS NOT NULL;

-- References that would otherwise be looked for in the whole table, whenever a user is read in full or deleted.
CREATE INDEX IF NOT EXISTS user_providers_hx_user_id_idx ON auth.user_providers (user_id);
CREATE INDEX IF NOT EXISTS user_security_keys_hx_user_id_idx ON auth.user_security_keys (user_id);
CREATE INDEX IF NOT EXISTS pkce_authorization_codes_hx_user_id_idx ON auth.pkce_authorization_codes (user_id);
CREATE INDEX IF NOT EXISTS oauth2_authorization_codes_hx_auth_request_id_idx
  ON auth.oauth2_authorization_codes (auth_request_id);
CREATE INDEX IF NOT EXISTS oauth2_refresh_tokens_hx_auth_request_id_idx ON auth.oauth2_refresh_tokens (auth_request_id);

-- Rows from before version 15 whose token was never rotated since still carry it in clear as their id, wherever the
-- hasura-auth server itself ran step 15. They get fresh ids here; their hashes, and with them their sessions, stay.
UPDATE auth.refresh_tokens SET id = gen_random_uuid()
  WHERE refresh_token_hash = '\x' || encode(sha256(id::text::bytea), 'hex');

-- Signing keys kept in the database, the private half encrypted with AUTH_ENCRYPTION_KEY.
CREATE TABLE IF NOT EXISTS auth.hexauth_signing_keys (
  generation integer NOT NULL,
  kid text NOT NULL,
  algorithm text NOT NULL,
  private_key text NOT NULL,
  public_key text NOT NULL,
  created_at timestamptz NOT NULL,
  activate_at timestamptz NOT NULL,
  CONSTRAINT hexauth_signing_keys_pkey PRIMARY KEY (generation),
  CONSTRAINT hexauth_signing_keys_kid_key UNIQUE (kid)
);
