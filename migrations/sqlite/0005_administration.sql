-- What administrators list and search users by, see the file of the same name for PostgreSQL.
CREATE INDEX auth.users_hx_created_at_idx ON users (created_at, id);
CREATE INDEX auth.users_hx_email_idx ON users (lower(CAST(email AS text)), id) WHERE email IS NOT NULL;
CREATE INDEX auth.users_hx_display_name_idx ON users (lower(display_name), id);
CREATE INDEX auth.users_hx_phone_number_idx ON users (phone_number, id) WHERE phone_number IS NOT NULL;
