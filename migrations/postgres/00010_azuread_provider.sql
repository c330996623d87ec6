-- Version 10: a provider.
INSERT INTO auth.providers (id) VALUES ('azuread') ON CONFLICT DO NOTHING;
