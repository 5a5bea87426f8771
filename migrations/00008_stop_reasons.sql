-- release: contract widens a CHECK of stop reasons, which nothing but the database relies on
-- +goose Up

-- A conversation also stops where something required could not be read or was left
-- out, and where the person ends it. The previous release writes none of the two and
-- reads them as it reads the others.
ALTER TABLE conversations DROP CONSTRAINT conversations_stop_reason_check;
ALTER TABLE conversations ADD CONSTRAINT conversations_stop_reason_check
    CHECK (stop_reason IN ('all_settled', 'required_settled', 'little_left', 'limit_reached', 'required_open', 'ended_by_person')) NOT VALID;

-- +goose Down
UPDATE conversations SET stop_reason = NULL WHERE stop_reason IN ('required_open', 'ended_by_person');
ALTER TABLE conversations DROP CONSTRAINT conversations_stop_reason_check;
ALTER TABLE conversations ADD CONSTRAINT conversations_stop_reason_check
    CHECK (stop_reason IN ('all_settled', 'required_settled', 'little_left', 'limit_reached'));
