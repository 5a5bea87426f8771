-- +goose Up

-- Forms that calls wait for: the answer may come to another instance of the
-- gateway than the one that holds the call. A row lives as long as its call.
CREATE TABLE elicitations (
    principal  text        NOT NULL DEFAULT current_setting('app.principal') CHECK (principal <> ''),
    id         text        NOT NULL CHECK (length(id) BETWEEN 16 AND 64),
    response   json,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX elicitations_by_expiry ON elicitations (expires_at);

ALTER TABLE elicitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE elicitations FORCE ROW LEVEL SECURITY;
CREATE POLICY principal ON elicitations USING (principal = current_setting('app.principal', true));

-- +goose Down
DROP TABLE elicitations;
