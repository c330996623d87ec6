-- Version 5: every table says what it holds and that its shape is not the application's to change.
COMMENT ON TABLE auth.schema_migrations IS 'Version of this schema. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.provider_requests IS 'Pending requests to identity providers. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.providers IS 'Known identity providers. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.roles IS 'Roles a user can have; add your own rows. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.users IS 'User accounts. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.refresh_tokens IS 'Refresh tokens and personal access tokens, as hashes. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.user_providers IS 'Accounts of users at identity providers. Managed by the authentication server: do not change its structure.';
COMMENT ON TABLE auth.user_roles IS 'Roles of users. Managed by the authentication server: do not change its structure.';
