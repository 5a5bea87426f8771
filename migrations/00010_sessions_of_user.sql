-- +goose NO TRANSACTION
-- +goose Up
-- Forgetting and exporting what is held of a user finds the user's sessions by it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_of_user ON sessions (principal, user_id) WHERE user_id IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS sessions_of_user;
