-- What is remembered between the two halves of a WebAuthn ceremony. user_id refers to nothing: at a sign-up it is the id that
-- the user will get. options: the wishes of the first half of a sign-up, as JSON.
CREATE TABLE IF NOT EXISTS auth.hexauth_ceremonies (
  challenge text NOT NULL,
  purpose text NOT NULL,
  user_id uuid,
  state text NOT NULL,
  email text,
  options text,
  expires_at timestamptz NOT NULL,
  CONSTRAINT hexauth_ceremonies_pkey PRIMARY KEY (challenge)
);
CREATE INDEX IF NOT EXISTS hexauth_ceremonies_expires_at_idx ON auth.hexauth_ceremonies (expires_at);

-- What the peer does not keep of a security key. NULL in its rows: false, or unknown.
ALTER TABLE auth.user_security_keys
  ADD COLUMN IF NOT EXISTS hx_user_verified boolean,
  ADD COLUMN IF NOT EXISTS hx_backup_eligible boolean,
  ADD COLUMN IF NOT EXISTS hx_backed_up boolean,
  ADD COLUMN IF NOT EXISTS hx_created_at timestamptz,
  ADD COLUMN IF NOT EXISTS hx_last_used_at timestamptz;
