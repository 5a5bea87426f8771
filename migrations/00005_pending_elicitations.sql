-- release: contract elicitations holds only forms that are open, so its indexes and its foreign key take milliseconds, and the previous release writes rows without a conversation
-- +goose Up

-- A pending elicitation is a form that was sent to a client of an older revision.
-- It outlives the call that waits for it: a late response finds the call that it
-- answers, and a repeated call finds the form. It goes when its response was used,
-- when it expires, and with its conversation. The previous release leaves the new
-- columns null.
ALTER TABLE elicitations ADD COLUMN conversation_id uuid;
ALTER TABLE elicitations ADD COLUMN opened_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE elicitations ADD COLUMN responded_at timestamptz;
-- SHA-256 of the client's session, of the call (tool and arguments; null when an
-- identical call no longer resumes it), and of the request's id within the session.
ALTER TABLE elicitations ADD COLUMN session bytea CHECK (length(session) = 32);
ALTER TABLE elicitations ADD COLUMN call    bytea CHECK (length(call) = 32);
ALTER TABLE elicitations ADD COLUMN request bytea CHECK (length(request) = 32);
-- The call that the response is for: the tool, its arguments as they came, the name
-- of the form within the function's result, and the state that goes with it.
ALTER TABLE elicitations ADD COLUMN tool      text CHECK (tool <> '');
ALTER TABLE elicitations ADD COLUMN arguments bytea;
ALTER TABLE elicitations ADD COLUMN form      text;
ALTER TABLE elicitations ADD COLUMN state     text;
-- Whether the client showed the form to a person; null as long as nobody knows.
ALTER TABLE elicitations ADD COLUMN shown boolean;
-- How long the client waited before it gave the call up; null when it did not.
ALTER TABLE elicitations ADD COLUMN patience interval;
-- Forgetting a conversation deletes its forms, and none can be added afterwards:
-- the check runs with the owner's rights, so that the gateway needs none there.
ALTER TABLE elicitations ADD CONSTRAINT elicitations_conversation
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE NOT VALID;
CREATE INDEX elicitations_by_conversation ON elicitations (conversation_id);
CREATE INDEX elicitations_by_session ON elicitations (session, opened_at);
CREATE INDEX elicitations_by_principal ON elicitations (principal, opened_at);
-- The relay sweeps what has expired, of all principals.
CREATE POLICY eventing ON elicitations USING (current_setting('app.role', true) = 'eventing' AND expires_at < now());

-- +goose Down
DROP POLICY eventing ON elicitations;
ALTER TABLE elicitations DROP COLUMN conversation_id, DROP COLUMN opened_at, DROP COLUMN responded_at, DROP COLUMN session, DROP COLUMN call,
    DROP COLUMN request, DROP COLUMN tool, DROP COLUMN arguments, DROP COLUMN form, DROP COLUMN state, DROP COLUMN shown, DROP COLUMN patience;
