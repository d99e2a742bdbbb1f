-- +goose Up
-- The public keys of clients that authenticate by private_key_jwt. One that is
-- taken away and brought back is a new row.
CREATE TABLE client_keys (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    kid TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    jwk TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX client_keys_thumbprint_key ON client_keys (client_id, thumbprint);
CREATE UNIQUE INDEX client_keys_kid_key ON client_keys (client_id, kid);

-- Client assertions that were used, until they expire. No foreign key: the
-- insert is on the path of every such authentication.
CREATE TABLE used_assertions (
    client_id TEXT NOT NULL,
    jti_sha256 BLOB NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (client_id, jti_sha256)
) STRICT;
CREATE INDEX used_assertions_expiry_idx ON used_assertions (expires_at);

-- +goose Down
DROP TABLE used_assertions;
DROP TABLE client_keys;
