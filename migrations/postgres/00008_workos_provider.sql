-- Version 8: a provider.
INSERT INTO auth.providers (id) VALUES ('workos') ON CONFLICT DO NOTHING;
