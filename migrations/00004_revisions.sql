-- +goose Up

-- An answer that a later one put aside says which; a slot whose answer was taken
-- back by a revision, or assumed from elsewhere, says so.
ALTER TABLE answers ADD COLUMN superseded_by integer CHECK (superseded_by > number);
ALTER TABLE slots   ADD COLUMN source text;
ALTER TABLE slots   ADD COLUMN reopened_by integer CHECK (reopened_by > 0);
-- What conversations for the same information share: a playbook's name or a digest.
ALTER TABLE conversations ADD COLUMN form text CHECK (length(form) BETWEEN 1 AND 128);

-- +goose Down
ALTER TABLE conversations DROP COLUMN form;
ALTER TABLE slots   DROP COLUMN reopened_by;
ALTER TABLE slots   DROP COLUMN source;
ALTER TABLE answers DROP COLUMN superseded_by;
