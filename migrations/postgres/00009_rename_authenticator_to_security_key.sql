-- Version 9: the table of passkeys gets its lasting name. Its primary key and its unique constraint are found by kind,
-- not by name, so that a database in which they were named differently ends up with the same names.
ALTER TABLE IF EXISTS auth.user_authenticators RENAME TO user_security_keys;

DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT conname, CASE contype WHEN 'p' THEN 'user_security_keys_pkey' ELSE 'user_security_key_credential_id_key' END AS wanted
    FROM pg_catalog.pg_constraint
    WHERE conrelid = 'auth.user_security_keys'::regclass AND contype IN ('p', 'u')
  LOOP
    IF found.conname <> found.wanted THEN
      EXECUTE format('ALTER TABLE auth.user_security_keys RENAME CONSTRAINT %I TO %I', found.conname, found.wanted);
    END IF;
  END LOOP;
END
$$;

COMMENT ON TABLE auth.user_security_keys IS 'Passkeys and security keys of users. Managed by the authentication server: do not change its structure.';
