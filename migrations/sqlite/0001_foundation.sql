-- The schema on SQLite, in a database that is attached as "auth": the tables of PostgreSQL's version 22 with our additions.
--
-- uuids are text; times are text in UTC with six decimals (2006-01-02T15:04:05.000000Z), so that they sort as text;
-- jsonb and arrays are JSON text; addresses compare without regard to (ASCII) case. Callers bind ids and times, the
-- defaults serve rows written by hand. Foreign keys hold where the connection sets PRAGMA foreign_keys = on.

CREATE TABLE auth.hexauth_migrations (
  id integer NOT NULL PRIMARY KEY,
  name text NOT NULL,
  applied_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
);

CREATE TABLE auth.roles (
  role text NOT NULL PRIMARY KEY
);

CREATE TABLE auth.providers (
  id text NOT NULL PRIMARY KEY
);

CREATE TABLE auth.refresh_token_types (
  value text NOT NULL PRIMARY KEY,
  comment text
);

CREATE TABLE auth.users (
  id text NOT NULL PRIMARY KEY,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  last_seen text,
  disabled boolean NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  display_name text NOT NULL DEFAULT '',
  avatar_url text NOT NULL DEFAULT '',
  locale text NOT NULL CHECK (length(locale) <= 3),
  email text COLLATE NOCASE CHECK (email GLOB '?*@?*' AND email NOT GLOB '*@*@*' AND email NOT GLOB '*[^!-~]*'),
  phone_number text,
  password_hash text,
  email_verified boolean NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1)),
  phone_number_verified boolean NOT NULL DEFAULT 0 CHECK (phone_number_verified IN (0, 1)),
  new_email text COLLATE NOCASE CHECK (new_email GLOB '?*@?*' AND new_email NOT GLOB '*@*@*' AND new_email NOT GLOB '*[^!-~]*'),
  otp_method_last_used text,
  otp_hash text,
  otp_hash_expires_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  default_role text NOT NULL DEFAULT 'user',
  is_anonymous boolean NOT NULL DEFAULT 0 CHECK (is_anonymous IN (0, 1)),
  totp_secret text,
  active_mfa_type text,
  ticket text,
  ticket_expires_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  metadata text CHECK (metadata IS NULL OR json_valid(metadata)),
  webauthn_current_challenge text,
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_phone_number_key UNIQUE (phone_number),
  CONSTRAINT active_mfa_types_check CHECK (active_mfa_type IN ('totp', 'sms')),
  CONSTRAINT fk_default_role FOREIGN KEY (default_role) REFERENCES roles (role) ON UPDATE CASCADE ON DELETE RESTRICT
);
CREATE INDEX auth.users_hx_ticket_idx ON users (ticket) WHERE ticket IS NOT NULL;

CREATE TRIGGER auth.set_auth_users_updated_at AFTER UPDATE ON users
  WHEN NEW.updated_at IS OLD.updated_at
BEGIN
  UPDATE users SET updated_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') WHERE id = NEW.id;
END;

-- The default is a random uuid of version 4 (RFC 9562 section 5.4).
CREATE TABLE auth.user_roles (
  id text NOT NULL PRIMARY KEY DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' ||
    substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  user_id text NOT NULL,
  role text NOT NULL,
  CONSTRAINT user_roles_user_id_role_key UNIQUE (user_id, role),
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_role FOREIGN KEY (role) REFERENCES roles (role) ON UPDATE CASCADE ON DELETE RESTRICT
);

CREATE TABLE auth.user_providers (
  id text NOT NULL PRIMARY KEY,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  user_id text NOT NULL,
  access_token text NOT NULL,
  refresh_token text,
  provider_id text NOT NULL,
  provider_user_id text NOT NULL,
  CONSTRAINT user_providers_provider_id_provider_user_id_key UNIQUE (provider_id, provider_user_id),
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_provider FOREIGN KEY (provider_id) REFERENCES providers (id) ON UPDATE CASCADE ON DELETE RESTRICT
);
CREATE INDEX auth.user_providers_hx_user_id_idx ON user_providers (user_id);

CREATE TRIGGER auth.set_auth_user_providers_updated_at AFTER UPDATE ON user_providers
  WHEN NEW.updated_at IS OLD.updated_at
BEGIN
  UPDATE user_providers SET updated_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') WHERE id = NEW.id;
END;

CREATE TABLE auth.provider_requests (
  id text NOT NULL PRIMARY KEY,
  options text CHECK (options IS NULL OR json_valid(options))
);

CREATE TABLE auth.refresh_tokens (
  id text NOT NULL PRIMARY KEY,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  expires_at text NOT NULL,
  user_id text NOT NULL,
  metadata text CHECK (metadata IS NULL OR json_valid(metadata)),
  type text NOT NULL DEFAULT 'regular',
  refresh_token_hash text,
  hx_family text,
  hx_rotated_at text,
  hx_recent text,
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT refresh_tokens_types_fkey FOREIGN KEY (type) REFERENCES refresh_token_types (value)
    ON UPDATE RESTRICT ON DELETE RESTRICT
);
CREATE INDEX auth.refresh_tokens_refresh_token_hash_expires_at_user_id_idx
  ON refresh_tokens (refresh_token_hash, expires_at, user_id);
CREATE INDEX auth.refresh_tokens_hx_family_idx ON refresh_tokens (hx_family) WHERE hx_family IS NOT NULL;
CREATE INDEX auth.refresh_tokens_hx_expires_at_idx ON refresh_tokens (expires_at);
CREATE INDEX auth.refresh_tokens_hx_user_id_idx ON refresh_tokens (user_id);

CREATE TABLE auth.user_security_keys (
  id text NOT NULL PRIMARY KEY,
  user_id text NOT NULL,
  credential_id text NOT NULL,
  credential_public_key blob,
  counter integer NOT NULL DEFAULT 0,
  transports text NOT NULL DEFAULT '' CHECK (length(transports) <= 255),
  nickname text,
  CONSTRAINT user_security_key_credential_id_key UNIQUE (credential_id),
  CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX auth.user_security_keys_hx_user_id_idx ON user_security_keys (user_id);

CREATE TABLE auth.oauth2_clients (
  client_id text NOT NULL PRIMARY KEY DEFAULT ('nhoa_' || lower(hex(randomblob(8)))),
  client_secret_hash text CHECK (client_secret_hash GLOB '$2$*' OR client_secret_hash GLOB '$2[aby]$*'),
  redirect_uris text NOT NULL DEFAULT '[]' CHECK (json_valid(redirect_uris) AND json_type(redirect_uris) = 'array'),
  scopes text NOT NULL DEFAULT '["openid","profile","email","phone","offline_access","graphql"]'
    CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
  type text NOT NULL DEFAULT 'registered',
  metadata text CHECK (metadata IS NULL OR json_valid(metadata)),
  metadata_document_fetched_at text,
  created_by text,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  CONSTRAINT oauth2_clients_type_check CHECK (type IN ('registered', 'client_id_metadata_document')),
  CONSTRAINT fk_oauth2_clients_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    ON UPDATE CASCADE ON DELETE SET NULL
);
CREATE INDEX auth.oauth2_clients_created_by_idx ON oauth2_clients (created_by);

CREATE TRIGGER auth.set_auth_oauth2_clients_updated_at AFTER UPDATE ON oauth2_clients
  WHEN NEW.updated_at IS OLD.updated_at
BEGIN
  UPDATE oauth2_clients SET updated_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') WHERE client_id = NEW.client_id;
END;

CREATE TABLE auth.oauth2_auth_requests (
  id text NOT NULL PRIMARY KEY,
  client_id text NOT NULL,
  scopes text NOT NULL DEFAULT '[]' CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
  redirect_uri text NOT NULL,
  state text,
  nonce text,
  response_type text NOT NULL,
  code_challenge text,
  code_challenge_method text,
  resource text,
  user_id text,
  done boolean NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
  auth_time text,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  expires_at text NOT NULL,
  CONSTRAINT fk_oauth2_auth_requests_client FOREIGN KEY (client_id) REFERENCES oauth2_clients (client_id)
    ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_oauth2_auth_requests_user FOREIGN KEY (user_id) REFERENCES users (id)
    ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX auth.oauth2_auth_requests_client_id_idx ON oauth2_auth_requests (client_id);
CREATE INDEX auth.oauth2_auth_requests_expires_at_idx ON oauth2_auth_requests (expires_at);
CREATE INDEX auth.oauth2_auth_requests_user_id_idx ON oauth2_auth_requests (user_id);

CREATE TABLE auth.oauth2_authorization_codes (
  id text NOT NULL PRIMARY KEY,
  code_hash text NOT NULL,
  auth_request_id text NOT NULL,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  expires_at text NOT NULL,
  CONSTRAINT oauth2_authorization_codes_code_hash_key UNIQUE (code_hash),
  CONSTRAINT fk_oauth2_authorization_codes_auth_request FOREIGN KEY (auth_request_id)
    REFERENCES oauth2_auth_requests (id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX auth.oauth2_authorization_codes_expires_at_idx ON oauth2_authorization_codes (expires_at);
CREATE INDEX auth.oauth2_authorization_codes_hx_auth_request_id_idx ON oauth2_authorization_codes (auth_request_id);

CREATE TABLE auth.oauth2_refresh_tokens (
  id text NOT NULL PRIMARY KEY,
  token_hash text NOT NULL,
  auth_request_id text,
  client_id text NOT NULL,
  user_id text NOT NULL,
  scopes text NOT NULL DEFAULT '[]' CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  expires_at text NOT NULL,
  CONSTRAINT oauth2_refresh_tokens_token_hash_key UNIQUE (token_hash),
  CONSTRAINT fk_oauth2_refresh_tokens_auth_request FOREIGN KEY (auth_request_id)
    REFERENCES oauth2_auth_requests (id) ON UPDATE CASCADE ON DELETE SET NULL,
  CONSTRAINT fk_oauth2_refresh_tokens_client FOREIGN KEY (client_id) REFERENCES oauth2_clients (client_id)
    ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_oauth2_refresh_tokens_user FOREIGN KEY (user_id) REFERENCES users (id)
    ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX auth.oauth2_refresh_tokens_client_id_idx ON oauth2_refresh_tokens (client_id);
CREATE INDEX auth.oauth2_refresh_tokens_expires_at_idx ON oauth2_refresh_tokens (expires_at);
CREATE INDEX auth.oauth2_refresh_tokens_user_id_idx ON oauth2_refresh_tokens (user_id);
CREATE INDEX auth.oauth2_refresh_tokens_hx_auth_request_id_idx ON oauth2_refresh_tokens (auth_request_id);

CREATE TABLE auth.pkce_authorization_codes (
  id text NOT NULL PRIMARY KEY,
  user_id text NOT NULL,
  code_hash text NOT NULL,
  code_challenge text NOT NULL,
  redirect_to text,
  expires_at text NOT NULL,
  created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  CONSTRAINT pkce_authorization_codes_code_hash_key UNIQUE (code_hash),
  CONSTRAINT pkce_authorization_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
    ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX auth.pkce_authorization_codes_expires_at_idx ON pkce_authorization_codes (expires_at);
CREATE INDEX auth.pkce_authorization_codes_hx_user_id_idx ON pkce_authorization_codes (user_id);

-- Signing keys kept in the database, the private half encrypted with AUTH_ENCRYPTION_KEY.
CREATE TABLE auth.hexauth_signing_keys (
  generation integer NOT NULL PRIMARY KEY,
  kid text NOT NULL UNIQUE,
  algorithm text NOT NULL,
  private_key text NOT NULL,
  public_key text NOT NULL,
  created_at text NOT NULL,
  activate_at text NOT NULL
);

-- A scope is one of the six, or graphql:role: and a role of letters, digits and _ : . -

CREATE TRIGGER auth.validate_oauth2_clients_scopes BEFORE INSERT ON oauth2_clients
  WHEN EXISTS (
    SELECT 1 FROM json_each(NEW.scopes)
    WHERE value IS NULL OR NOT (value IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR (value GLOB 'graphql:role:?*' AND substr(value, 14) NOT GLOB '*[^A-Za-z0-9_:.-]*')))
BEGIN
  SELECT RAISE(ABORT, 'unknown OAuth 2.0 scope');
END;

CREATE TRIGGER auth.validate_oauth2_clients_scopes_on_update BEFORE UPDATE ON oauth2_clients
  WHEN EXISTS (
    SELECT 1 FROM json_each(NEW.scopes)
    WHERE value IS NULL OR NOT (value IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR (value GLOB 'graphql:role:?*' AND substr(value, 14) NOT GLOB '*[^A-Za-z0-9_:.-]*')))
BEGIN
  SELECT RAISE(ABORT, 'unknown OAuth 2.0 scope');
END;

CREATE TRIGGER auth.validate_oauth2_auth_requests_scopes BEFORE INSERT ON oauth2_auth_requests
  WHEN EXISTS (
    SELECT 1 FROM json_each(NEW.scopes)
    WHERE value IS NULL OR NOT (value IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR (value GLOB 'graphql:role:?*' AND substr(value, 14) NOT GLOB '*[^A-Za-z0-9_:.-]*')))
BEGIN
  SELECT RAISE(ABORT, 'unknown OAuth 2.0 scope');
END;

CREATE TRIGGER auth.validate_oauth2_auth_requests_scopes_on_update BEFORE UPDATE ON oauth2_auth_requests
  WHEN EXISTS (
    SELECT 1 FROM json_each(NEW.scopes)
    WHERE value IS NULL OR NOT (value IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR (value GLOB 'graphql:role:?*' AND substr(value, 14) NOT GLOB '*[^A-Za-z0-9_:.-]*')))
BEGIN
  SELECT RAISE(ABORT, 'unknown OAuth 2.0 scope');
END;

CREATE TRIGGER auth.validate_oauth2_refresh_tokens_scopes BEFORE INSERT ON oauth2_refresh_tokens
  WHEN EXISTS (
    SELECT 1 FROM json_each(NEW.scopes)
    WHERE value IS NULL OR NOT (value IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR (value GLOB 'graphql:role:?*' AND substr(value, 14) NOT GLOB '*[^A-Za-z0-9_:.-]*')))
BEGIN
  SELECT RAISE(ABORT, 'unknown OAuth 2.0 scope');
END;

CREATE TRIGGER auth.validate_oauth2_refresh_tokens_scopes_on_update BEFORE UPDATE ON oauth2_refresh_tokens
  WHEN EXISTS (
    SELECT 1 FROM json_each(NEW.scopes)
    WHERE value IS NULL OR NOT (value IN ('openid', 'profile', 'email', 'phone', 'offline_access', 'graphql')
      OR (value GLOB 'graphql:role:?*' AND substr(value, 14) NOT GLOB '*[^A-Za-z0-9_:.-]*')))
BEGIN
  SELECT RAISE(ABORT, 'unknown OAuth 2.0 scope');
END;

INSERT INTO auth.roles (role) VALUES ('user'), ('anonymous'), ('me');

INSERT INTO auth.providers (id) VALUES
  ('github'), ('facebook'), ('twitter'), ('google'), ('apple'), ('linkedin'), ('windowslive'), ('spotify'),
  ('strava'), ('gitlab'), ('bitbucket'), ('discord'), ('twitch'), ('workos'), ('azuread'), ('entraid');

INSERT INTO auth.refresh_token_types (value, comment) VALUES
  ('regular', 'Regular refresh token'), ('pat', 'Personal access token');
