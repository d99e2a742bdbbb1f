-- +goose Up

-- The chain of an organization's audit events. Events from before it have no
-- sequence. The project is that of the target, for readers bound to one.
ALTER TABLE audit_events ADD COLUMN project_id TEXT;
ALTER TABLE audit_events ADD COLUMN sequence INTEGER;
ALTER TABLE audit_events ADD COLUMN key_id TEXT;
ALTER TABLE audit_events ADD COLUMN mac BLOB;
CREATE UNIQUE INDEX audit_events_sequence_key ON audit_events (organization_id, sequence);
CREATE INDEX audit_events_project_idx ON audit_events (organization_id, project_id, position);
CREATE INDEX audit_events_target_idx ON audit_events (organization_id, target_id, position);
CREATE INDEX audit_events_actor_idx ON audit_events (organization_id, actor_id, position);

-- Where each chain ends, and what the last pruning left of its beginning. No
-- foreign key: the events outlive their organization.
CREATE TABLE audit_chains (
    organization_id TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    mac BLOB,
    pruned_sequence INTEGER NOT NULL,
    pruned_mac BLOB,
    pruned_key_id TEXT,
    pruned_seal BLOB
) STRICT;
INSERT INTO audit_chains (organization_id, sequence, pruned_sequence) SELECT id, 0, 0 FROM organizations;

-- Requests with an Idempotency-Key that changed something, for a day. The id
-- is a digest of who, where and key; the answer is without secrets and comes
-- after the change, in a transaction of its own.
CREATE TABLE idempotency_keys (
    id TEXT NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    pepper_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    status INTEGER,
    location TEXT,
    etag TEXT,
    body TEXT
) STRICT;
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
DROP TABLE audit_chains;
DROP INDEX audit_events_actor_idx;
DROP INDEX audit_events_target_idx;
DROP INDEX audit_events_project_idx;
DROP INDEX audit_events_sequence_key;
ALTER TABLE audit_events DROP COLUMN mac;
ALTER TABLE audit_events DROP COLUMN key_id;
ALTER TABLE audit_events DROP COLUMN sequence;
ALTER TABLE audit_events DROP COLUMN project_id;
