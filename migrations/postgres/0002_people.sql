-- +goose Up
-- The age from which a secret is due for rotation; 90 days.
ALTER TABLE organizations ADD COLUMN rotation_age_seconds bigint NOT NULL DEFAULT 7776000;

-- A member's second factor; the secret is sealed before it gets here.
ALTER TABLE members ADD COLUMN one_time_sealed bytea;
ALTER TABLE members ADD COLUMN one_time_confirmed_at timestamptz;
ALTER TABLE members ADD COLUMN one_time_step bigint NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN revision bigint NOT NULL DEFAULT 1;

-- Console sessions. The token is a hash; it is set once the session's cookie is.
CREATE TABLE sessions (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    member_id text NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    token text,
    address text,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX sessions_token_key ON sessions (token);
CREATE INDEX sessions_organization_idx ON sessions (organization_id, created_at DESC, id DESC);
CREATE INDEX sessions_member_idx ON sessions (member_id, created_at DESC, id DESC);

-- +goose Down
DROP TABLE sessions;
ALTER TABLE members DROP COLUMN revision;
ALTER TABLE members DROP COLUMN one_time_step;
ALTER TABLE members DROP COLUMN one_time_confirmed_at;
ALTER TABLE members DROP COLUMN one_time_sealed;
ALTER TABLE organizations DROP COLUMN rotation_age_seconds;
