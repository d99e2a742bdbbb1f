-- +goose Up
-- When the value of an API token was last replaced; NULL: never.
ALTER TABLE api_tokens ADD COLUMN regenerated_at timestamptz;

-- +goose Down
ALTER TABLE api_tokens DROP COLUMN regenerated_at;
