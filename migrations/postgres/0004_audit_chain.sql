-- +goose Up

-- The chain of an organization's audit events. Events from before it have no
-- sequence. The project is that of the target, for readers bound to one.
ALTER TABLE audit_events ADD COLUMN project_id text;
ALTER TABLE audit_events ADD COLUMN sequence bigint;
ALTER TABLE audit_events ADD COLUMN key_id text;
ALTER TABLE audit_events ADD COLUMN mac bytea;
CREATE UNIQUE INDEX audit_events_sequence_key ON audit_events (organization_id, sequence);
CREATE INDEX audit_events_project_idx ON audit_events (organization_id, project_id, position);
CREATE INDEX audit_events_target_idx ON audit_events (organization_id, target_id, position);
CREATE INDEX audit_events_actor_idx ON audit_events (organization_id, actor_id, position);

-- Where each chain ends, and what the last pruning left of its beginning. No
-- foreign key: the events outlive their organization.
CREATE TABLE audit_chains (
    organization_id text NOT NULL PRIMARY KEY,
    sequence bigint NOT NULL,
    mac bytea,
    pruned_sequence bigint NOT NULL,
    pruned_mac bytea,
    pruned_key_id text,
    pruned_seal bytea
);
INSERT INTO audit_chains (organization_id, sequence, pruned_sequence) SELECT id, 0, 0 FROM organizations;

-- Requests with an Idempotency-Key that changed something, for a day. The id
-- is a digest of who, where and key; the answer is without secrets and comes
-- after the change, in a transaction of its own.
CREATE TABLE idempotency_keys (
    id text NOT NULL PRIMARY KEY,
    fingerprint bytea NOT NULL,
    pepper_id text NOT NULL,
    target_id text NOT NULL,
    created_at timestamptz NOT NULL,
    status bigint,
    location text,
    etag text,
    body text
);
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
