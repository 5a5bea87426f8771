-- +goose Up

-- Who opened, read, exported and erased which conversation, without words. A row is
-- written in the transaction of the act. It outlives the conversation, by AUDIT_DAYS.
CREATE TABLE audit (
    principal       text        NOT NULL DEFAULT current_setting('app.principal') CHECK (principal <> ''),
    user_id         text,
    conversation_id uuid        NOT NULL,
    -- expired: erased because nobody had changed it for RETENTION_DAYS.
    action          text        NOT NULL CHECK (action IN ('opened', 'read', 'exported', 'erased', 'expired')),
    at              timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (at, conversation_id, action)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit FORCE ROW LEVEL SECURITY;
-- Who acts adds to the trail, and neither reads nor changes it.
CREATE POLICY principal ON audit FOR INSERT WITH CHECK (principal = current_setting('app.principal', true));
-- Operators read it, and the relay sweeps what is at least a day old. Nobody changes it.
CREATE POLICY reading  ON audit FOR SELECT USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY sweeping ON audit FOR DELETE USING (current_setting('app.role', true) = 'eventing' AND at < now() - interval '1 day');

-- +goose Down
DROP TABLE audit;
