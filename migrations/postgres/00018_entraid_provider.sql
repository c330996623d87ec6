-- Version 18: a provider.
INSERT INTO auth.providers (id) VALUES ('entraid') ON CONFLICT DO NOTHING;
