-- +goose Up
-- Times are RFC 3339 in UTC with six digits of a second, so that text order is
-- time order. Lists are JSON.

-- The tenant.
CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    max_credential_lifetime_seconds INTEGER NOT NULL,
    max_token_ttl_seconds INTEGER NOT NULL,
    cut_off INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    cut_off INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX projects_organization_idx ON projects (organization_id, created_at DESC, id DESC);

CREATE TABLE members (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX members_email_key ON members (email);
CREATE INDEX members_organization_idx ON members (organization_id, created_at DESC, id DESC);

CREATE TABLE apis (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    identifier TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    strict_scopes INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX apis_identifier_key ON apis (identifier);
CREATE INDEX apis_organization_idx ON apis (organization_id, created_at DESC, id DESC);

CREATE TABLE endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    api_id TEXT NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    scope TEXT NOT NULL
) STRICT;
CREATE INDEX endpoints_api_idx ON endpoints (api_id);

CREATE TABLE roles (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    scopes TEXT NOT NULL,
    permissions TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_name_key ON roles (organization_id, name);
CREATE INDEX roles_organization_idx ON roles (organization_id, created_at DESC, id DESC);

CREATE TABLE applications (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    project_id TEXT REFERENCES projects (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    cut_off INTEGER NOT NULL,
    created_by_kind TEXT NOT NULL,
    created_by_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX applications_organization_idx ON applications (organization_id, created_at DESC, id DESC);
CREATE INDEX applications_project_idx ON applications (project_id);

-- The endpoints connected to an application. One that is connected cannot be
-- deleted.
CREATE TABLE application_endpoints (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE RESTRICT,
    PRIMARY KEY (application_id, endpoint_id)
) STRICT;
CREATE INDEX application_endpoints_endpoint_idx ON application_endpoints (endpoint_id);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    project_id TEXT REFERENCES projects (id),
    application_id TEXT REFERENCES applications (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    environment TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    confirm_by TEXT,
    scopes TEXT NOT NULL,
    permissions TEXT NOT NULL,
    audiences TEXT NOT NULL,
    introspects TEXT NOT NULL,
    ip_whitelist TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    jwks TEXT,
    token_format TEXT NOT NULL,
    token_ttl_seconds INTEGER NOT NULL,
    watch INTEGER NOT NULL,
    cut_off INTEGER NOT NULL,
    created_by_kind TEXT NOT NULL,
    created_by_id TEXT NOT NULL,
    created_via TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX clients_organization_idx ON clients (organization_id, created_at DESC, id DESC);
CREATE INDEX clients_application_idx ON clients (application_id, created_at DESC, id DESC);
CREATE INDEX clients_project_idx ON clients (project_id, created_at DESC, id DESC);
CREATE INDEX clients_creator_idx ON clients (organization_id, created_by_id, created_at DESC, id DESC);

-- A role that somebody holds cannot be deleted.
CREATE TABLE client_roles (
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE RESTRICT,
    PRIMARY KEY (client_id, role_id)
) STRICT;
CREATE INDEX client_roles_role_idx ON client_roles (role_id);

-- The digest is an HMAC; the value is nowhere.
CREATE TABLE secrets (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    pepper_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    hint TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    cut_off INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX secrets_client_idx ON secrets (client_id, created_at, id);

CREATE TABLE api_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    project_id TEXT REFERENCES projects (id),
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    scopes TEXT NOT NULL,
    permissions TEXT NOT NULL,
    ip_whitelist TEXT NOT NULL,
    pepper_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    hint TEXT NOT NULL,
    created_by_kind TEXT NOT NULL,
    created_by_id TEXT NOT NULL,
    created_via TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_tokens_digest_key ON api_tokens (digest);
CREATE INDEX api_tokens_organization_idx ON api_tokens (organization_id, created_at DESC, id DESC);
CREATE INDEX api_tokens_project_idx ON api_tokens (project_id, created_at DESC, id DESC);
CREATE INDEX api_tokens_creator_idx ON api_tokens (organization_id, created_by_id, created_at DESC, id DESC);

-- Use is counted apart from the configuration, so that counting never waits
-- for a change and never moves a revision.
CREATE TABLE usage_totals (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    uses INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    last_used_at TEXT,
    last_used_ip TEXT,
    PRIMARY KEY (kind, id)
) STRICT;

-- The batches that were added, so that one whose outcome was lost can be
-- repeated.
CREATE TABLE usage_batches (
    id TEXT NOT NULL PRIMARY KEY,
    added_at TEXT NOT NULL
) STRICT;
CREATE INDEX usage_batches_added_idx ON usage_batches (added_at);

-- Revoked access tokens, by jti, until they expire.
CREATE TABLE denied_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT NOT NULL
) STRICT;
CREATE INDEX denied_tokens_expiry_idx ON denied_tokens (expires_at);

-- One row. Whoever holds it takes the next position; its lock is the last that
-- a transaction takes, so positions are in commit order.
CREATE TABLE feed_counter (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO feed_counter (id, position) VALUES (1, 0);

-- The oldest schema version whose program still works on this schema. A
-- migration that takes something away, long after the one that replaced it,
-- raises it; one that only adds leaves it.
CREATE TABLE schema_compatibility (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    oldest INTEGER NOT NULL
) STRICT;
INSERT INTO schema_compatibility (id, oldest) VALUES (1, 1);

CREATE TABLE feed (
    position INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

-- No foreign keys: an event outlives its target.
CREATE TABLE audit_events (
    id TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    organization_id TEXT NOT NULL,
    at TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    address TEXT,
    request_id TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT
) STRICT;
CREATE INDEX audit_events_organization_idx ON audit_events (organization_id, position);

-- Keys of the installation; sealed under the master key before they get here.
CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    "public" BLOB,
    sealed BLOB NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
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
