-- Version 11: the hash of a refresh token, still computed by the database: \x and the lower-case hexadecimal SHA-256 of
-- the token's 36 characters. From version 15 on it is a plain column, so a database that has one already is left alone.
ALTER TABLE auth.refresh_tokens ADD COLUMN IF NOT EXISTS refresh_token_hash varchar(255)
  GENERATED ALWAYS AS ('\x' || encode(sha256(refresh_token::text::bytea), 'hex')) STORED;
