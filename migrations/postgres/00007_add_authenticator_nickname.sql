-- Version 7: users name their passkeys.
ALTER TABLE IF EXISTS auth.user_authenticators ADD COLUMN IF NOT EXISTS nickname text;
