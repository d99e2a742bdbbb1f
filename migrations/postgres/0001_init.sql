-- +goose Up
-- Lists are JSON. Documents that must come back byte for byte are text.

-- The tenant.
CREATE TABLE organizations (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    max_credential_lifetime_seconds bigint NOT NULL,
    max_token_ttl_seconds bigint NOT NULL,
    cut_off bigint NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE projects (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    description text NOT NULL,
    cut_off bigint NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX projects_organization_idx ON projects (organization_id, created_at DESC, id DESC);

CREATE TABLE members (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    email text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX members_email_key ON members (email);
CREATE INDEX members_organization_idx ON members (organization_id, created_at DESC, id DESC);

CREATE TABLE apis (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    identifier text NOT NULL,
    name text NOT NULL,
    scopes jsonb NOT NULL,
    strict_scopes boolean NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX apis_identifier_key ON apis (identifier);
CREATE INDEX apis_organization_idx ON apis (organization_id, created_at DESC, id DESC);

CREATE TABLE endpoints (
    id text NOT NULL PRIMARY KEY,
    api_id text NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    method text NOT NULL,
    path text NOT NULL,
    scope text NOT NULL
);
CREATE INDEX endpoints_api_idx ON endpoints (api_id);

CREATE TABLE roles (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    description text NOT NULL,
    scopes jsonb NOT NULL,
    permissions jsonb NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX roles_name_key ON roles (organization_id, name);
CREATE INDEX roles_organization_idx ON roles (organization_id, created_at DESC, id DESC);

CREATE TABLE applications (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    project_id text REFERENCES projects (id),
    name text NOT NULL,
    description text NOT NULL,
    cut_off bigint NOT NULL,
    created_by_kind text NOT NULL,
    created_by_id text NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX applications_organization_idx ON applications (organization_id, created_at DESC, id DESC);
CREATE INDEX applications_project_idx ON applications (project_id);

-- The endpoints connected to an application. One that is connected cannot be
-- deleted.
CREATE TABLE application_endpoints (
    application_id text NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    endpoint_id text NOT NULL REFERENCES endpoints (id) ON DELETE RESTRICT,
    PRIMARY KEY (application_id, endpoint_id)
);
CREATE INDEX application_endpoints_endpoint_idx ON application_endpoints (endpoint_id);

CREATE TABLE clients (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    project_id text REFERENCES projects (id),
    application_id text REFERENCES applications (id),
    name text NOT NULL,
    description text NOT NULL,
    environment text NOT NULL,
    is_active boolean NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    confirm_by timestamptz,
    scopes jsonb NOT NULL,
    permissions jsonb NOT NULL,
    audiences jsonb NOT NULL,
    introspects jsonb NOT NULL,
    ip_whitelist jsonb NOT NULL,
    auth_method text NOT NULL,
    jwks text,
    token_format text NOT NULL,
    token_ttl_seconds bigint NOT NULL,
    watch boolean NOT NULL,
    cut_off bigint NOT NULL,
    created_by_kind text NOT NULL,
    created_by_id text NOT NULL,
    created_via text NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX clients_organization_idx ON clients (organization_id, created_at DESC, id DESC);
CREATE INDEX clients_application_idx ON clients (application_id, created_at DESC, id DESC);
CREATE INDEX clients_project_idx ON clients (project_id, created_at DESC, id DESC);
CREATE INDEX clients_creator_idx ON clients (organization_id, created_by_id, created_at DESC, id DESC);

-- A role that somebody holds cannot be deleted.
CREATE TABLE client_roles (
    client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role_id text NOT NULL REFERENCES roles (id) ON DELETE RESTRICT,
    PRIMARY KEY (client_id, role_id)
);
CREATE INDEX client_roles_role_idx ON client_roles (role_id);

-- The digest is an HMAC; the value is nowhere.
CREATE TABLE secrets (
    id text NOT NULL PRIMARY KEY,
    client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    pepper_id text NOT NULL,
    digest bytea NOT NULL,
    hint text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    cut_off bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX secrets_client_idx ON secrets (client_id, created_at, id);

CREATE TABLE api_tokens (
    id text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL REFERENCES organizations (id),
    project_id text REFERENCES projects (id),
    type text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    is_active boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    scopes jsonb NOT NULL,
    permissions jsonb NOT NULL,
    ip_whitelist jsonb NOT NULL,
    pepper_id text NOT NULL,
    digest bytea NOT NULL,
    hint text NOT NULL,
    created_by_kind text NOT NULL,
    created_by_id text NOT NULL,
    created_via text NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX api_tokens_digest_key ON api_tokens (digest);
CREATE INDEX api_tokens_organization_idx ON api_tokens (organization_id, created_at DESC, id DESC);
CREATE INDEX api_tokens_project_idx ON api_tokens (project_id, created_at DESC, id DESC);
CREATE INDEX api_tokens_creator_idx ON api_tokens (organization_id, created_by_id, created_at DESC, id DESC);

-- Use is counted apart from the configuration, so that counting never waits
-- for a change and never moves a revision.
CREATE TABLE usage_totals (
    kind text NOT NULL,
    id text NOT NULL,
    uses bigint NOT NULL,
    failures bigint NOT NULL,
    last_used_at timestamptz,
    last_used_ip text,
    PRIMARY KEY (kind, id)
);

-- The batches that were added, so that one whose outcome was lost can be
-- repeated.
CREATE TABLE usage_batches (
    id text NOT NULL PRIMARY KEY,
    added_at timestamptz NOT NULL
);
CREATE INDEX usage_batches_added_idx ON usage_batches (added_at);

-- Revoked access tokens, by jti, until they expire.
CREATE TABLE denied_tokens (
    jti text NOT NULL PRIMARY KEY,
    organization_id text NOT NULL,
    client_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz NOT NULL
);
CREATE INDEX denied_tokens_expiry_idx ON denied_tokens (expires_at);

-- One row. Whoever holds it takes the next position; its lock is the last that
-- a transaction takes, so positions are in commit order.
CREATE TABLE feed_counter (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    position bigint NOT NULL
);
INSERT INTO feed_counter (id, position) VALUES (1, 0);

-- The oldest schema version whose program still works on this schema. A
-- migration that takes something away, long after the one that replaced it,
-- raises it; one that only adds leaves it.
CREATE TABLE schema_compatibility (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    oldest bigint NOT NULL
);
INSERT INTO schema_compatibility (id, oldest) VALUES (1, 1);

CREATE TABLE feed (
    position bigint NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    organization_id text NOT NULL,
    target_id text NOT NULL,
    at timestamptz NOT NULL
);

-- No foreign keys: an event outlives its target.
CREATE TABLE audit_events (
    id text NOT NULL PRIMARY KEY,
    position bigint NOT NULL,
    organization_id text NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    target_kind text NOT NULL,
    target_id text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    address text,
    request_id text NOT NULL,
    "before" text,
    "after" text
);
CREATE INDEX audit_events_organization_idx ON audit_events (organization_id, position);

-- Keys of the installation; sealed under the master key before they get here.
CREATE TABLE keys (
    id text NOT NULL PRIMARY KEY,
    purpose text NOT NULL,
    algorithm text NOT NULL,
    "public" bytea,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX keys_purpose_idx ON keys (purpose, created_at, id);

-- +goose Down
DROP TABLE keys;
DROP TABLE audit_events;
DROP TABLE feed;
DROP TABLE schema_compatibility;
DROP TABLE feed_counter;
DROP TABLE denied_tokens;
DROP TABLE usage_batches;
DROP TABLE usage_totals;
DROP TABLE api_tokens;
DROP TABLE secrets;
DROP TABLE client_roles;
DROP TABLE clients;
DROP TABLE application_endpoints;
DROP TABLE applications;
DROP TABLE roles;
DROP TABLE endpoints;
DROP TABLE apis;
DROP TABLE members;
DROP TABLE projects;
DROP TABLE organizations;
