-- +goose NO TRANSACTION
-- +goose Up
-- Takes the place of conversations_by_session: see 00016.
CREATE INDEX CONCURRENTLY IF NOT EXISTS conversations_of_session ON conversations (session_id, principal, created_at);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS conversations_of_session;
