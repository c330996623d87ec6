-- The audit log: what happened to accounts, by whom and from where. user_id refers to nothing: somebody who never got in, or who is
-- gone, has events too.
CREATE TABLE IF NOT EXISTS auth.hexauth_events (
  id uuid NOT NULL,
  happened_at timestamptz NOT NULL,
  kind text NOT NULL,
  actor text NOT NULL,
  user_id uuid,
  session_id uuid,
  method text,
  target text,
  reason text,
  address text,
  user_agent text,
  request_id text,
  CONSTRAINT hexauth_events_pkey PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS hexauth_events_happened_at_idx ON auth.hexauth_events (happened_at);
CREATE INDEX IF NOT EXISTS hexauth_events_user_id_idx ON auth.hexauth_events (user_id, happened_at) WHERE user_id IS NOT NULL;
