-- +goose NO TRANSACTION
-- release: contract the columns are unique already, by conversations_opened_once
-- +goose Up
-- Takes the place of conversations_opened_once: see 00016.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS conversations_opened_by ON conversations (opened_by, principal);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS conversations_opened_by;
