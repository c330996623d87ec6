-- Version 14: the kinds of tokens become rows of a look-up table.
CREATE TABLE IF NOT EXISTS auth.refresh_token_types (
  value text NOT NULL,
  comment text,
  CONSTRAINT refresh_token_types_pkey PRIMARY KEY (value)
);

INSERT INTO auth.refresh_token_types (value, comment) VALUES
  ('regular', 'Regular refresh token'), ('pat', 'Personal access token')
ON CONFLICT DO NOTHING;

ALTER TABLE auth.refresh_tokens ALTER COLUMN type DROP DEFAULT;
ALTER TABLE auth.refresh_tokens ALTER COLUMN type TYPE text USING type::text;
ALTER TABLE auth.refresh_tokens ALTER COLUMN type SET DEFAULT 'regular';
ALTER TABLE auth.refresh_tokens DROP CONSTRAINT IF EXISTS refresh_tokens_types_fkey;
ALTER TABLE auth.refresh_tokens ADD CONSTRAINT refresh_tokens_types_fkey FOREIGN KEY (type)
  REFERENCES auth.refresh_token_types (value) ON UPDATE RESTRICT ON DELETE RESTRICT;

DROP TYPE IF EXISTS auth.refresh_token_type;
