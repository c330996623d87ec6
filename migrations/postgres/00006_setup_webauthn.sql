-- Version 6: passkeys, under their first table name.
ALTER TABLE auth.users ADD COLUMN IF NOT EXISTS webauthn_current_challenge text;

DO $$
BEGIN
  IF to_regclass('auth.user_security_keys') IS NULL THEN
    CREATE TABLE IF NOT EXISTS auth.user_authenticators (
      id uuid NOT NULL DEFAULT public.gen_random_uuid(),
      user_id uuid NOT NULL,
      credential_id text NOT NULL,
      credential_public_key bytea,
      counter bigint NOT NULL DEFAULT 0,
      transports varchar(255) NOT NULL DEFAULT '',
      CONSTRAINT user_authenticators_pkey PRIMARY KEY (id),
      CONSTRAINT user_authenticators_credential_id_key UNIQUE (credential_id),
      CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES auth.users (id) ON UPDATE CASCADE ON DELETE CASCADE
    );
    COMMENT ON TABLE auth.user_authenticators IS 'Passkeys and security keys of users. Managed by the authentication server: do not change its structure.';
  END IF;
END
$$;
