-- Version 17: a user may have several accounts at one provider.
ALTER TABLE auth.user_providers DROP CONSTRAINT IF EXISTS user_providers_user_id_provider_id_key;
