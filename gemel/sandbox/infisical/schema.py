"""The tables behind the Infisical sandbox."""

from __future__ import annotations

__all__ = ["SCHEMA"]

# The statements that make the tables when they are missing.
SCHEMA = """
-- Machine identities, and users, who have a kind of their own and an API key.
CREATE TABLE IF NOT EXISTS identities (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, client_id TEXT NOT NULL UNIQUE, client_secret TEXT NOT NULL,
    access_token_ttl INTEGER NOT NULL, access_token_max_ttl INTEGER NOT NULL, num_uses_limit INTEGER NOT NULL,
    kind TEXT NOT NULL DEFAULT 'identity', api_key TEXT, lockout_enabled INTEGER NOT NULL DEFAULT 1,
    lockout_threshold INTEGER NOT NULL DEFAULT 3, lockout_seconds REAL NOT NULL DEFAULT 300,
    lockout_reset REAL NOT NULL DEFAULT 30);

-- An empty project_id means every project, those made later included.
CREATE TABLE IF NOT EXISTS roles (
    identity_id TEXT NOT NULL REFERENCES identities(id) ON DELETE CASCADE, project_id TEXT NOT NULL,
    role TEXT NOT NULL, PRIMARY KEY (identity_id, project_id));

CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, identity_id TEXT NOT NULL REFERENCES identities(id) ON DELETE CASCADE,
    method TEXT NOT NULL, name TEXT, ttl INTEGER NOT NULL, max_ttl INTEGER NOT NULL,
    num_uses INTEGER NOT NULL DEFAULT 0, num_uses_limit INTEGER NOT NULL,
    created REAL NOT NULL, renewed REAL, expired INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0);

CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, description TEXT, type TEXT NOT NULL,
    auto_capitalization INTEGER NOT NULL DEFAULT 1, delete_protection INTEGER NOT NULL DEFAULT 0,
    secret_sharing INTEGER NOT NULL DEFAULT 1, snapshots_legacy INTEGER NOT NULL DEFAULT 0,
    pit_version_limit INTEGER NOT NULL DEFAULT 10, ignore_values TEXT, encrypted_metadata INTEGER,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS environments (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
    name TEXT NOT NULL, slug TEXT NOT NULL, position INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (project_id, slug));

-- The root folder of an environment has no parent.
CREATE TABLE IF NOT EXISTS folders (
    id TEXT PRIMARY KEY, environment_id TEXT NOT NULL REFERENCES environments(id) ON DELETE CASCADE,
    parent_id TEXT REFERENCES folders(id) ON DELETE CASCADE, name TEXT NOT NULL, description TEXT,
    secrets_changed_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (environment_id, parent_id, name));

CREATE TABLE IF NOT EXISTS secrets (
    id TEXT PRIMARY KEY, folder_id TEXT NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    key TEXT NOT NULL, value TEXT NOT NULL, comment TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1,
    skip_multiline INTEGER, reminder_note TEXT, reminder_days INTEGER, metadata TEXT NOT NULL DEFAULT '[]',
    actor_id TEXT NOT NULL, actor_name TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    actor_type TEXT NOT NULL DEFAULT 'identity', UNIQUE (folder_id, key));

-- What a user has in the place of a shared secret.
CREATE TABLE IF NOT EXISTS overrides (
    id TEXT PRIMARY KEY, secret_id TEXT NOT NULL REFERENCES secrets(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES identities(id) ON DELETE CASCADE, value TEXT NOT NULL,
    comment TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1, skip_multiline INTEGER,
    reminder_note TEXT, reminder_days INTEGER, metadata TEXT NOT NULL DEFAULT '[]', actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL, actor_type TEXT NOT NULL DEFAULT 'user', created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL, UNIQUE (secret_id, user_id));

CREATE TABLE IF NOT EXISTS secret_versions (
    id TEXT NOT NULL REFERENCES secrets(id) ON DELETE CASCADE, folder_id TEXT NOT NULL,
    key TEXT NOT NULL, value TEXT NOT NULL, comment TEXT NOT NULL, version INTEGER NOT NULL,
    skip_multiline INTEGER, reminder_note TEXT, reminder_days INTEGER, metadata TEXT NOT NULL,
    actor_id TEXT NOT NULL, actor_name TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    actor_type TEXT NOT NULL DEFAULT 'identity', PRIMARY KEY (id, version));

CREATE TABLE IF NOT EXISTS tags (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
    slug TEXT NOT NULL, color TEXT, created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project_id, slug));

CREATE TABLE IF NOT EXISTS secret_tags (
    secret_id TEXT NOT NULL REFERENCES secrets(id) ON DELETE CASCADE,
    tag_id TEXT NOT NULL REFERENCES tags(id) ON DELETE CASCADE, PRIMARY KEY (secret_id, tag_id));

CREATE TABLE IF NOT EXISTS imports (
    id TEXT PRIMARY KEY, folder_id TEXT NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    environment_id TEXT NOT NULL REFERENCES environments(id) ON DELETE CASCADE, path TEXT NOT NULL,
    position INTEGER NOT NULL, is_replication INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS imports_by_folder ON imports (folder_id, position);

CREATE TABLE IF NOT EXISTS policies (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
    environment TEXT NOT NULL, secret_path TEXT NOT NULL, name TEXT NOT NULL,
    bypass_identities INTEGER NOT NULL DEFAULT 0, approvals INTEGER NOT NULL DEFAULT 1,
    approvers TEXT NOT NULL DEFAULT '[]');

-- A write that a policy holds; `changes` is a JSON list of what it would do.
CREATE TABLE IF NOT EXISTS approval_requests (
    id TEXT PRIMARY KEY, policy_id TEXT NOT NULL REFERENCES policies(id) ON DELETE CASCADE,
    folder_id TEXT NOT NULL REFERENCES folders(id) ON DELETE CASCADE, slug TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open', merged INTEGER NOT NULL DEFAULT 0, conflicts TEXT,
    committer_id TEXT NOT NULL, changes TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS reviews (
    id TEXT PRIMARY KEY, request_id TEXT NOT NULL REFERENCES approval_requests(id) ON DELETE CASCADE,
    user_id TEXT NOT NULL, status TEXT NOT NULL, comment TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (request_id, user_id));

CREATE TABLE IF NOT EXISTS project_roles (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE, slug TEXT NOT NULL,
    name TEXT NOT NULL, permissions TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (project_id, slug));

CREATE TABLE IF NOT EXISTS service_tokens (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE, name TEXT NOT NULL,
    secret TEXT NOT NULL, scopes TEXT NOT NULL, permissions TEXT NOT NULL, encrypted_key TEXT, iv TEXT, tag TEXT,
    created_by TEXT NOT NULL, expires REAL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);

-- A folder that another project may refer to and import.
CREATE TABLE IF NOT EXISTS folder_grants (
    id TEXT PRIMARY KEY, folder_id TEXT NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE, created_at TEXT NOT NULL,
    UNIQUE (folder_id, project_id));
"""
