-- The audit log, see the file of the same name for PostgreSQL.

CREATE TABLE auth.hexauth_events (
  id text NOT NULL PRIMARY KEY,
  happened_at text NOT NULL,
  kind text NOT NULL,
  actor text NOT NULL,
  user_id text,
  session_id text,
  method text,
  target text,
  reason text,
  address text,
  user_agent text,
  request_id text
);
CREATE INDEX auth.hexauth_events_happened_at_idx ON hexauth_events (happened_at);
CREATE INDEX auth.hexauth_events_user_id_idx ON hexauth_events (user_id, happened_at) WHERE user_id IS NOT NULL;
