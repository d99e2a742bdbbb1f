-- +goose Up
-- The public keys of clients that authenticate by private_key_jwt. One that is
-- taken away and brought back is a new row.
CREATE TABLE client_keys (
    id text NOT NULL PRIMARY KEY,
    client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    kid text NOT NULL,
    algorithm text NOT NULL,
    thumbprint text NOT NULL,
    jwk text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX client_keys_thumbprint_key ON client_keys (client_id, thumbprint);
CREATE UNIQUE INDEX client_keys_kid_key ON client_keys (client_id, kid);

-- Client assertions that were used, until they expire. No foreign key: the
-- insert is on the path of every such authentication.
CREATE TABLE used_assertions (
    client_id text NOT NULL,
    jti_sha256 bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_sha256)
);
CREATE INDEX used_assertions_expiry_idx ON used_assertions (expires_at);

-- +goose Down
DROP TABLE used_assertions;
DROP TABLE client_keys;
