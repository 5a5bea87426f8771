-- release: contract the indexes of 00014 and 00015 have the same columns and serve the same statements
-- +goose Up
-- A foreign key's check looks for one conversation by id and principal. Where the tables were
-- never analyzed, PostgreSQL takes any index that begins with one of the two, and keeps the
-- plan: with these, each check read all conversations of the principal.
DROP INDEX IF EXISTS conversations_opened_once, conversations_by_session;

-- +goose Down
CREATE INDEX IF NOT EXISTS conversations_by_session ON conversations (principal, session_id, created_at);
CREATE UNIQUE INDEX IF NOT EXISTS conversations_opened_once ON conversations (principal, opened_by);
