-- +goose NO TRANSACTION
-- +goose Up
-- The relay counts dead letters after each drain, and operators list them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_dead_letters ON outbox (position) WHERE parked_at IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS outbox_dead_letters;
