-- Version 22: scopes may name a role (graphql:role:editor), which a list cannot express: functions instead of checks.
CREATE OR REPLACE FUNCTION auth.is_valid_oauth2_scope(scope text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT
AS $$
  SELECT scope IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR scope ~ '^graphql:role:[A-Za-z0-9_:.-]+$'
$$;

CREATE OR REPLACE FUNCTION auth.validate_oauth2_scopes() RETURNS trigger
  LANGUAGE plpgsql
AS $$
DECLARE
  scope text;
BEGIN
  FOREACH scope IN ARRAY NEW.scopes LOOP
    IF auth.is_valid_oauth2_scope(scope) IS NOT TRUE THEN
      RAISE EXCEPTION 'unknown OAuth 2.0 scope' USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;

ALTER TABLE auth.oauth2_clients DROP CONSTRAINT IF EXISTS oauth2_clients_scopes_check;
ALTER TABLE auth.oauth2_auth_requests DROP CONSTRAINT IF EXISTS oauth2_auth_requests_scopes_check;
ALTER TABLE auth.oauth2_refresh_tokens DROP CONSTRAINT IF EXISTS oauth2_refresh_tokens_scopes_check;

DROP TRIGGER IF EXISTS validate_oauth2_clients_scopes ON auth.oauth2_clients;
CREATE TRIGGER validate_oauth2_clients_scopes BEFORE INSERT OR UPDATE ON auth.oauth2_clients
  FOR EACH ROW EXECUTE FUNCTION auth.validate_oauth2_scopes();

DROP TRIGGER IF EXISTS validate_oauth2_auth_requests_scopes ON auth.oauth2_auth_requests;
CREATE TRIGGER validate_oauth2_auth_requests_scopes BEFORE INSERT OR UPDATE ON auth.oauth2_auth_requests
  FOR EACH ROW EXECUTE FUNCTION auth.validate_oauth2_scopes();

DROP TRIGGER IF EXISTS validate_oauth2_refresh_tokens_scopes ON auth.oauth2_refresh_tokens;
CREATE TRIGGER validate_oauth2_refresh_tokens_scopes BEFORE INSERT OR UPDATE ON auth.oauth2_refresh_tokens
  FOR EACH ROW EXECUTE FUNCTION auth.validate_oauth2_scopes();
