-- +goose Up
-- The age from which a secret is due for rotation; 90 days.
ALTER TABLE organizations ADD COLUMN rotation_age_seconds INTEGER NOT NULL DEFAULT 7776000;

-- A member's second factor; the secret is sealed before it gets here.
ALTER TABLE members ADD COLUMN one_time_sealed BLOB;
ALTER TABLE members ADD COLUMN one_time_confirmed_at TEXT;
ALTER TABLE members ADD COLUMN one_time_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- Console sessions. The token is a hash; it is set once the session's cookie is.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    token TEXT,
    address TEXT,
    user_agent TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
) STRICT;
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
