-- Version 19: languages that have a code of three letters only.
ALTER TABLE auth.users ALTER COLUMN locale TYPE varchar(3);
