-- +goose Up
-- Names for scopes, with what they mean. A scope needs no entry to be used.
CREATE TABLE scopes (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    description text NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX scopes_name_key ON scopes (organization_id, name);
CREATE INDEX scopes_organization_idx ON scopes (organization_id, created_at DESC, id DESC);

-- The orders that the lists of credentials offer. What never expires comes
-- after everything that does.
CREATE INDEX clients_name_idx ON clients (organization_id, name COLLATE "C", id);
CREATE INDEX clients_expiry_idx ON clients (organization_id, coalesce(expires_at, 'infinity'), id);
CREATE INDEX api_tokens_name_idx ON api_tokens (organization_id, name COLLATE "C", id);
CREATE INDEX api_tokens_expiry_idx ON api_tokens (organization_id, expires_at, id);

-- +goose Down
DROP INDEX api_tokens_expiry_idx;
DROP INDEX api_tokens_name_idx;
DROP INDEX clients_expiry_idx;
DROP INDEX clients_name_idx;
DROP TABLE scopes;
