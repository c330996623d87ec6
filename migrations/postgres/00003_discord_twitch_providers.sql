-- Version 3: two providers.
INSERT INTO auth.providers (id) VALUES ('discord'), ('twitch') ON CONFLICT DO NOTHING;
