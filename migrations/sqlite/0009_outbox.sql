-- What waits for a program that is away must hold up neither mails nor other programs: each finds what is its own without passing by
-- the rest.
CREATE INDEX auth.hexauth_outbox_mails_idx ON hexauth_outbox (next_attempt_at) WHERE template NOT IN ('', 'webhook') AND parked_at IS NULL;
CREATE INDEX auth.hexauth_outbox_events_idx ON hexauth_outbox (recipient, next_attempt_at) WHERE template = 'webhook' AND parked_at IS NULL;
