-- An agency's own staff sets up its webhooks and looks through what was sent.

-- Of the secrets themselves, which the audit log must not hold, it tells when they changed.
ALTER TABLE webhook_endpoint ADD COLUMN secret_set_at timestamptz NOT NULL DEFAULT now();
UPDATE webhook_endpoint SET secret_set_at = created_at;

-- The newest of a status, and of an endpoint.
CREATE INDEX delivery_status_id ON delivery (status, id);
CREATE INDEX delivery_endpoint_newest ON delivery (endpoint_id, id);

SELECT audit_table('webhook_endpoint', 'webhook', 'id', '{secret,previous_secret,failures,failing_since}');
