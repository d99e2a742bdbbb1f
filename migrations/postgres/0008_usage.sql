-- +goose Up
ALTER TABLE usage_totals ADD COLUMN last_failed_at timestamptz;
ALTER TABLE usage_totals ADD COLUMN last_failed_ip text;
ALTER TABLE usage_totals ADD COLUMN last_failed_cause bigint;

-- Uses (cause 0) and failures by cause, by hour and later by day, both of UTC.
-- The row of cause 0 is there when the credential was in use, even if nothing
-- was counted. The rows of an organization outlive those of its credentials.
CREATE TABLE usage_buckets (
    kind text NOT NULL,
    id text NOT NULL,
    organization_id text NOT NULL,
    grain text NOT NULL,
    starts_at timestamptz NOT NULL,
    cause bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (kind, id, grain, starts_at, cause)
);
CREATE INDEX usage_buckets_organization_idx ON usage_buckets (organization_id, grain, starts_at);
CREATE INDEX usage_buckets_age_idx ON usage_buckets (grain, starts_at);

-- The networks that a credential was used from: /24 of IPv4, /48 of IPv6.
CREATE TABLE usage_networks (
    kind text NOT NULL,
    id text NOT NULL,
    network text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (kind, id, network)
);
CREATE INDEX usage_networks_first_seen_idx ON usage_networks (first_seen);

-- +goose Down
DROP TABLE usage_networks;
DROP TABLE usage_buckets;
ALTER TABLE usage_totals DROP COLUMN last_failed_cause;
ALTER TABLE usage_totals DROP COLUMN last_failed_ip;
ALTER TABLE usage_totals DROP COLUMN last_failed_at;
