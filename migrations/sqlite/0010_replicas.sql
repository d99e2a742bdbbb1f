-- +goose Up
-- The leases under which replicas answer from memory, one row for each. A
-- SQLite file is of one process, which needs none.
CREATE TABLE replica_leases (
    replica TEXT NOT NULL PRIMARY KEY,
    renewals INTEGER NOT NULL,
    applied INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE replica_leases;
