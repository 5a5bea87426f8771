-- +goose NO TRANSACTION
-- release: contract each index is replaced by one of the same columns in another order, which serves the same statements
-- +goose Up
-- A foreign key's check looks for one conversation by id and principal. Where the tables were
-- never analyzed, PostgreSQL takes any index that begins with one of the two, and keeps the
-- plan: with these, each check read all conversations of the principal. So none but the
-- primary key begins with either.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS conversations_opened_by ON conversations (opened_by, principal);
DROP INDEX CONCURRENTLY IF EXISTS conversations_opened_once;
CREATE INDEX CONCURRENTLY IF NOT EXISTS conversations_of_session ON conversations (session_id, principal, created_at);
DROP INDEX CONCURRENTLY IF EXISTS conversations_by_session;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS conversations_by_session ON conversations (principal, session_id, created_at);
DROP INDEX CONCURRENTLY IF EXISTS conversations_of_session;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS conversations_opened_once ON conversations (principal, opened_by);
DROP INDEX CONCURRENTLY IF EXISTS conversations_opened_by;
