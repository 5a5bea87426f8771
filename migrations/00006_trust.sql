-- +goose Up
-- release: contract counts that do not say of how many principals they are count for nobody; a release before this one starts its counts again; the index on slots is partial over a column that is new, so it reads that table once and holds nothing

-- Counts of what conversations of one form answered, in which each principal
-- speaks with one conversation. They take the place of the table statistics,
-- whose counts cannot be told apart by principal.
CREATE TABLE shared_statistics (
    form       text        PRIMARY KEY CHECK (length(form) BETWEEN 1 AND 128),
    document   json        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE shared_statistics ENABLE ROW LEVEL SECURITY;
ALTER TABLE shared_statistics FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone ON shared_statistics FOR SELECT USING (true);
CREATE POLICY eventing ON shared_statistics USING (current_setting('app.role', true) = 'eventing');

-- What a conversation adds to the counts goes when the conversation goes. Rows
-- from before have no contribution.
ALTER TABLE counted_conversations
    ADD COLUMN form         text,
    ADD COLUMN user_id      text,
    ADD COLUMN contribution json,
    ADD COLUMN counted_at   timestamptz,
    -- It is the one that speaks for its user to the principal's other users.
    ADD COLUMN for_user     boolean NOT NULL DEFAULT false,
    -- It is the one that speaks for its principal in shared_statistics.
    ADD COLUMN for_others   boolean NOT NULL DEFAULT false;
CREATE INDEX counted_conversations_of_user ON counted_conversations (principal, form, user_id, counted_at DESC);
CREATE UNIQUE INDEX counted_conversations_for_user ON counted_conversations (principal, form, user_id) WHERE for_user;
CREATE UNIQUE INDEX counted_conversations_for_others ON counted_conversations (principal, form) WHERE for_others;

DELETE FROM statistics;

-- The conversation that an assumption was recalled from: forgetting that one takes
-- the assumption back.
ALTER TABLE slots ADD COLUMN assumed_from uuid;
CREATE INDEX slots_assumed_from ON slots (assumed_from) WHERE assumed_from IS NOT NULL;

-- +goose Down
ALTER TABLE slots DROP COLUMN assumed_from;
DROP INDEX counted_conversations_for_others, counted_conversations_for_user, counted_conversations_of_user;
ALTER TABLE counted_conversations
    DROP COLUMN for_others, DROP COLUMN for_user, DROP COLUMN counted_at,
    DROP COLUMN contribution, DROP COLUMN user_id, DROP COLUMN form;
DROP TABLE shared_statistics;
