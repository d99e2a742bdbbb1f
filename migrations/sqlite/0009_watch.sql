-- +goose Up
-- The warnings that were given of credentials, secrets and keys, each once for
-- its moment: the expiry, or when the value was made that is due for rotation.
CREATE TABLE credential_warnings (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    warning TEXT NOT NULL,
    moment TEXT NOT NULL,
    PRIMARY KEY (kind, id, warning, moment)
) STRICT;

-- What is odd about the use of a credential. The subject tells apart what the
-- same rule finds: the hour, or the network.
CREATE TABLE usage_marks (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    mark TEXT NOT NULL,
    subject TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    at TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (kind, id, mark, subject)
) STRICT;
CREATE INDEX usage_marks_organization_idx ON usage_marks (organization_id, at);
CREATE INDEX usage_marks_at_idx ON usage_marks (at);

-- +goose Down
DROP TABLE usage_marks;
DROP TABLE credential_warnings;
