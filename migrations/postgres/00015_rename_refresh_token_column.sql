-- Version 15: a token is known by its hash alone. The hash becomes a plain column, at the end of the table; the column
-- that held the token becomes an id. Up to here the id of a row is its token in clear, so every row gets a fresh id: the
-- sessions live on (their hashes are kept), and whoever reads the id column holds no token.
DO $$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'auth.refresh_tokens'::regclass AND attname = 'refresh_token' AND NOT attisdropped
  ) THEN
    ALTER TABLE auth.refresh_tokens RENAME COLUMN refresh_token_hash TO generated_hash;
    ALTER TABLE auth.refresh_tokens ADD COLUMN refresh_token_hash varchar(255);
    UPDATE auth.refresh_tokens SET refresh_token_hash = generated_hash;
    ALTER TABLE auth.refresh_tokens DROP COLUMN generated_hash;
    ALTER TABLE auth.refresh_tokens RENAME COLUMN refresh_token TO id;
    UPDATE auth.refresh_tokens SET id = gen_random_uuid();
  END IF;
END
$$;

ALTER TABLE auth.refresh_tokens ALTER COLUMN id SET DEFAULT gen_random_uuid();
COMMENT ON COLUMN auth.refresh_tokens.refresh_token_hash IS NULL;
