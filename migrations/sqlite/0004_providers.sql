-- What is to happen when a browser comes back from a provider, see the file of the same name for PostgreSQL.

CREATE TABLE auth.hexauth_provider_states (
  state_hash text NOT NULL PRIMARY KEY,
  provider text NOT NULL,
  user_id text REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  payload text NOT NULL,
  created_at text NOT NULL,
  expires_at text NOT NULL
);
CREATE INDEX auth.hexauth_provider_states_user_id_idx ON hexauth_provider_states (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX auth.hexauth_provider_states_expires_at_idx ON hexauth_provider_states (expires_at);
