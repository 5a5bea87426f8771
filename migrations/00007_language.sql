-- +goose Up

-- What the questions of a conversation are worded in, as a BCP 47 tag; English
-- where it is not known.
ALTER TABLE conversations ADD COLUMN language text CHECK (length(language) BETWEEN 1 AND 35);

-- +goose Down
ALTER TABLE conversations DROP COLUMN language;
