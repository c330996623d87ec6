-- What administrators list and search users by. "C" sorts as bytes do: an index in it serves "begins with" whatever the database's
-- language is.
CREATE INDEX IF NOT EXISTS users_hx_created_at_idx ON auth.users (created_at, id);
CREATE INDEX IF NOT EXISTS users_hx_email_idx ON auth.users ((lower(CAST(email AS text))) COLLATE "C", id) WHERE email IS NOT NULL;
CREATE INDEX IF NOT EXISTS users_hx_display_name_idx ON auth.users ((lower(display_name)) COLLATE "C", id);
CREATE INDEX IF NOT EXISTS users_hx_phone_number_idx ON auth.users (phone_number COLLATE "C", id) WHERE phone_number IS NOT NULL;
