package main

// What fills a database goes into tables without indexes and constraints, which come back at the end, as when a dump is restored.
const (
	unindex = `CREATE TEMP TABLE taken AS
		SELECT CASE contype WHEN 'f' THEN 1 ELSE 3 END AS rank, -- foreign keys go first and come last
			format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS take,
			format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS restore
		FROM pg_constraint WHERE connamespace = 'auth'::regnamespace AND contype IN ('f', 'p', 'u')
		UNION ALL
		SELECT 2, format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relnamespace = 'auth'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid);
		DO $$ DECLARE statement text; BEGIN
			FOR statement IN SELECT take FROM taken ORDER BY rank LOOP EXECUTE statement; END LOOP;
		END $$`

	index = `DO $$ DECLARE statement text; BEGIN
			FOR statement IN SELECT restore FROM taken ORDER BY rank DESC LOOP EXECUTE statement; END LOOP;
		END $$`

	// settle keeps autovacuum, which reads pages when it likes to, away from the tables that are filled.
	settle = `ALTER TABLE auth.users SET (autovacuum_enabled = false);
		ALTER TABLE auth.user_roles SET (autovacuum_enabled = false);
		ALTER TABLE auth.refresh_tokens SET (autovacuum_enabled = false);
		ALTER TABLE auth.hexauth_events SET (autovacuum_enabled = false)`

	// secrets makes what secretOf makes, in the form of version 4 UUIDs (RFC 9562 §5.4), and the hashes that are kept of them.
	secrets = `CREATE FUNCTION pg_temp.secret(kind text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
			SELECT overlay(overlay(md5(kind || ' ' || n) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid::text $$;
		CREATE FUNCTION pg_temp.hash(secret text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
			SELECT '\x' || encode(sha256(secret::bytea), 'hex') $$`

	// fillUsers takes how many and the hash of their password.
	fillUsers = `INSERT INTO auth.users (id, created_at, last_seen, display_name, avatar_url, locale, email, email_verified, password_hash,
			phone_number, phone_number_verified, default_role, metadata)
		SELECT pg_temp.secret('user', n)::uuid, now() - random() * interval '1000 days', now() - random() * interval '30 days',
			(ARRAY['Ada', 'Ben', 'Chloe', 'Dmitri', 'Elif', 'Femi', 'Grace', 'Hiro', 'Ines', 'Jonas', 'Kwame', 'Lena', 'Mateo', 'Nadia', 'Omar', 'Priya'])[1 + n %% 16]
				|| ' ' || initcap(substr(md5(n::text), 1, 8)),
			'https://www.gravatar.com/avatar/' || md5(n::text) || '?d=blank&r=g', (ARRAY['en', 'de', 'es', 'fr'])[1 + n %% 4],
			'person.' || n || '@example.com', true, '%[2]s',
			CASE WHEN n %% 20 = 0 THEN '+1' || (2000000000 + n) END, n %% 20 = 0, 'user',
			CASE WHEN n %% 3 = 0 THEN jsonb_build_object('plan', 'team', 'seats', n %% 50) END
		FROM generate_series(1, %[1]d) n;
		INSERT INTO auth.user_roles (user_id, role)
		SELECT pg_temp.secret('user', n)::uuid, role FROM generate_series(1, %[1]d) n, unnest(ARRAY['user', 'me']) role`

	// liveIn leaves room in the pages, as in a table that has been used: without, each page would be left by the first who is seen.
	liveIn = `UPDATE auth.users SET last_seen = now() WHERE random() < 0.1`

	// fillSessions takes how many users there are, and how few of them have a personal access token. Everybody has a session, every third
	// a second one.
	fillSessions = `INSERT INTO auth.refresh_tokens (user_id, refresh_token_hash, created_at, expires_at, hx_family, hx_user_agent, hx_address)
		SELECT pg_temp.secret('user', n)::uuid, pg_temp.hash(pg_temp.secret(kind, n)), now() - random() * interval '30 days',
			now() + interval '1 hour' + random() * interval '30 days', substr(encode(sha256((kind || n)::bytea), 'base64'), 1, 22),
			'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', '198.51.100.' || n %% 256
		FROM generate_series(1, %[1]d) n, unnest(ARRAY['session', 'other']) kind WHERE kind = 'session' OR n %% 3 = 0;
		INSERT INTO auth.refresh_tokens (user_id, refresh_token_hash, created_at, expires_at, type, metadata)
		SELECT pg_temp.secret('user', n)::uuid, pg_temp.hash(pg_temp.secret('pat', n)), now() - interval '1 day', now() + interval '300 days',
			'pat', '{"name": "nightly backup"}' FROM generate_series(%[2]d, %[1]d, %[2]d) n`

	// fillRest takes how many users there are, and how many sessions and how many events of the audit log have expired.
	fillRest = `INSERT INTO auth.user_providers (user_id, access_token, provider_id, provider_user_id)
		SELECT pg_temp.secret('user', n)::uuid, 'unset', (ARRAY['google', 'github'])[1 + n %% 2], n::text FROM generate_series(1, %[1]d, 4) n;
		INSERT INTO auth.user_security_keys (user_id, credential_id, credential_public_key)
		SELECT pg_temp.secret('user', n)::uuid, md5(n::text), sha256(n::text::bytea) FROM generate_series(1, %[1]d, 20) n;
		INSERT INTO auth.hexauth_events (id, happened_at, kind, actor, user_id, method, address)
		SELECT gen_random_uuid(), now() - random() * interval '60 days', 'sign_in.succeeded', 'user', pg_temp.secret('user', n)::uuid, 'password',
			'198.51.100.' || n %% 256 FROM generate_series(1, %[1]d) n;
		INSERT INTO auth.refresh_tokens (user_id, refresh_token_hash, created_at, expires_at)
		SELECT pg_temp.secret('user', 1 + n %% %[1]d)::uuid, pg_temp.hash(gen_random_uuid()::text), now() - interval '40 days', now() - interval '1 day'
		FROM generate_series(1, %[2]d) n;
		INSERT INTO auth.hexauth_events (id, happened_at, kind, actor, user_id, method)
		SELECT gen_random_uuid(), now() - interval '100 days', 'sign_in.succeeded', 'user', pg_temp.secret('user', 1 + n %% %[1]d)::uuid, 'password'
		FROM generate_series(1, %[2]d) n`
)
