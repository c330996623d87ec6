-- Version 2: free-form data of the application.
ALTER TABLE auth.users ADD COLUMN IF NOT EXISTS metadata jsonb;
