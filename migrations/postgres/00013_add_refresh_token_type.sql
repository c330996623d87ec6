-- Version 13: ordinary tokens and personal access tokens, told apart by an enumeration (a look-up table from 14 on).
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'auth.refresh_tokens'::regclass AND attname = 'type' AND NOT attisdropped
  ) THEN
    IF to_regtype('auth.refresh_token_type') IS NULL THEN
      CREATE TYPE auth.refresh_token_type AS ENUM ('regular', 'pat');
    END IF;
    ALTER TABLE auth.refresh_tokens ADD COLUMN type auth.refresh_token_type NOT NULL DEFAULT 'regular';
  END IF;
END
$$;
