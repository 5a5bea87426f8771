-- +goose NO TRANSACTION
-- +goose Up
-- Statistics rest on one conversation of each user of a principal, the latest 200 users.
CREATE INDEX CONCURRENTLY IF NOT EXISTS counted_conversations_of_users ON counted_conversations (principal, form, counted_at DESC, conversation_id) WHERE for_user;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS counted_conversations_of_users;
