-- +goose Up

-- What happened, written with the change itself and deleted once published. An
-- id is the event's. Rows outlive the conversation that they are about.
CREATE TABLE outbox (
    principal       text        NOT NULL DEFAULT current_setting('app.principal') CHECK (principal <> ''),
    id              uuid        PRIMARY KEY,
    position        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    conversation_id uuid        NOT NULL,
    type            text        NOT NULL CHECK (type <> ''),
    data            json        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- Nobody else publishes the row before this time: a relay has claimed it, or
    -- it waits to be tried again.
    next_at         timestamptz NOT NULL DEFAULT now(),
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    problem         text,
    -- Given up; later events of the conversation go on.
    parked_at       timestamptz
);
CREATE INDEX outbox_waiting ON outbox (position) WHERE parked_at IS NULL;
CREATE INDEX outbox_by_conversation ON outbox (conversation_id, position);

-- What a consumer has done, kept for longer than an event may be on its way.
CREATE TABLE processed_events (
    consumer text        NOT NULL CHECK (consumer <> ''),
    source   text        NOT NULL CHECK (source <> ''),
    id       text        NOT NULL CHECK (id <> ''),
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, id)
);
CREATE INDEX processed_events_by_age ON processed_events (at);

-- What was forgotten and may still be remembered in Qdrant. A row goes when it
-- is known to be erased there too.
CREATE TABLE erasures (
    principal       text        NOT NULL DEFAULT current_setting('app.principal') CHECK (principal <> ''),
    conversation_id uuid        PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    announced_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX erasures_by_announcement ON erasures (announced_at);

-- Counts of what conversations of one form answered, of all principals.
CREATE TABLE statistics (
    form       text        PRIMARY KEY CHECK (length(form) BETWEEN 1 AND 128),
    document   json        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- The conversations that statistics hold: each is counted once.
CREATE TABLE counted_conversations (
    principal       text NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid NOT NULL,
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id)
);

ALTER TABLE outbox                ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox                FORCE ROW LEVEL SECURITY;
ALTER TABLE processed_events      ENABLE ROW LEVEL SECURITY;
ALTER TABLE processed_events      FORCE ROW LEVEL SECURITY;
ALTER TABLE erasures              ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures              FORCE ROW LEVEL SECURITY;
ALTER TABLE statistics            ENABLE ROW LEVEL SECURITY;
ALTER TABLE statistics            FORCE ROW LEVEL SECURITY;
ALTER TABLE counted_conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE counted_conversations FORCE ROW LEVEL SECURITY;

CREATE POLICY principal ON outbox                USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON erasures              USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON counted_conversations USING (principal = current_setting('app.principal', true));
CREATE POLICY everyone  ON statistics FOR SELECT USING (true);

-- The eventing side acts for all principals: SELECT set_config('app.role', 'eventing', true).
CREATE POLICY eventing ON outbox           USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON processed_events USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON erasures         USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON statistics       USING (current_setting('app.role', true) = 'eventing');

-- Rebuilding memory reads the conversations of all principals; what else the
-- eventing side does to a conversation, it does as its principal.
CREATE POLICY eventing ON sessions      FOR SELECT USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON conversations FOR SELECT USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON slots         FOR SELECT USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON questions     FOR SELECT USING (current_setting('app.role', true) = 'eventing');
CREATE POLICY eventing ON answers       FOR SELECT USING (current_setting('app.role', true) = 'eventing');

-- +goose Down
DROP POLICY eventing ON answers;
DROP POLICY eventing ON questions;
DROP POLICY eventing ON slots;
DROP POLICY eventing ON conversations;
DROP POLICY eventing ON sessions;
DROP TABLE counted_conversations, statistics, erasures, processed_events, outbox;
