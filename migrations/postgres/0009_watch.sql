-- +goose Up
-- The warnings that were given of credentials, secrets and keys, each once for
-- its moment: the expiry, or when the value was made that is due for rotation.
CREATE TABLE credential_warnings (
    kind text NOT NULL,
    id text NOT NULL,
    warning text NOT NULL,
    moment timestamptz NOT NULL,
    PRIMARY KEY (kind, id, warning, moment)
);

-- What is odd about the use of a credential. The subject tells apart what the
-- same rule finds: the hour, or the network.
CREATE TABLE usage_marks (
    kind text NOT NULL,
    id text NOT NULL,
    mark text NOT NULL,
    subject text NOT NULL,
    organization_id text NOT NULL,
    at timestamptz NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (kind, id, mark, subject)
);
CREATE INDEX usage_marks_organization_idx ON usage_marks (organization_id, at);
CREATE INDEX usage_marks_at_idx ON usage_marks (at);

-- +goose Down
DROP TABLE usage_marks;
DROP TABLE credential_warnings;
