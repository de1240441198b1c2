-- Imports find clients by their e-mail address in any case, and in any of Unicode's normal forms: domains have letters of
-- all scripts.
DROP INDEX immigration_client_email_key;
CREATE INDEX immigration_client_email_key ON immigration_client (lower(normalize(email, NFC)))
  WHERE email <> '' AND deleted_at IS NULL;
