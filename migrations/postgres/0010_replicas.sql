-- +goose Up
-- The leases under which replicas answer from memory, one row for each. They
-- are renewed several times a second: pages half full leave room to do it in
-- place, without touching the index. Not UNLOGGED, and committed as any other
-- change: a crash of the database must not forget a lease that still runs.
CREATE TABLE replica_leases (
    replica text NOT NULL PRIMARY KEY,
    renewals bigint NOT NULL,
    applied bigint NOT NULL
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE replica_leases;
