-- +goose Up
-- From when on a key is used. Of the keys of one purpose the last to have
-- become active is the one in use. NULL: from its creation.
ALTER TABLE keys ADD COLUMN active_from timestamptz;

-- +goose Down
ALTER TABLE keys DROP COLUMN active_from;
