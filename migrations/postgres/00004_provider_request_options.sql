-- Version 4: a pending provider request keeps all its options, not the redirection alone.
ALTER TABLE auth.provider_requests DROP COLUMN IF EXISTS redirect_url;
ALTER TABLE auth.provider_requests ADD COLUMN IF NOT EXISTS options jsonb;
