-- Version 12: what a client wants to remember about a token.
ALTER TABLE auth.refresh_tokens ADD COLUMN IF NOT EXISTS metadata jsonb;
