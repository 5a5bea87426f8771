-- +goose Up

-- What a call returned, so that a repeated call returns the same. It takes the place
-- of calls, whose rows are read as long as they are there and are no longer written.
CREATE TABLE results (
    principal       text        NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid        NOT NULL,
    -- The first half of the SHA-256 of the call: two calls of one conversation differ.
    fingerprint     bytea       NOT NULL CHECK (length(fingerprint) = 16),
    revision        integer     NOT NULL CHECK (revision > 0),
    -- Compressed by the store; its first byte says how.
    result          bytea       NOT NULL CHECK (length(result) > 0),
    at              timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, fingerprint)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
-- PostgreSQL finds nothing left to compress.
ALTER TABLE results ALTER COLUMN result SET STORAGE EXTERNAL;
CREATE INDEX results_by_age ON results (at);

ALTER TABLE results ENABLE ROW LEVEL SECURITY;
ALTER TABLE results FORCE ROW LEVEL SECURITY;
CREATE POLICY principal ON results USING (principal = current_setting('app.principal', true));
-- The relay sweeps what no call repeats any more, of all principals.
CREATE POLICY eventing ON results USING (current_setting('app.role', true) = 'eventing' AND at < now() - interval '48 hours');

-- +goose Down
DROP TABLE results;
