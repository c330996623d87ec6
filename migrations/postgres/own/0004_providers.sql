-- What is to happen when a browser comes back from a provider. user_id: whose account gets the identity, where somebody links one.
-- payload: everything else, encrypted with AUTH_ENCRYPTION_KEY.

CREATE TABLE IF NOT EXISTS auth.hexauth_provider_states (
  state_hash text NOT NULL,
  provider text NOT NULL,
  user_id uuid,
  payload text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT hexauth_provider_states_pkey PRIMARY KEY (state_hash),
  CONSTRAINT hexauth_provider_states_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS hexauth_provider_states_user_id_idx ON auth.hexauth_provider_states (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS hexauth_provider_states_expires_at_idx ON auth.hexauth_provider_states (expires_at);
