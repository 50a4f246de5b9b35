"""The tables behind the Julep sandbox."""

from __future__ import annotations

__all__ = ["SCHEMA"]

# The statements that make the tables when they are missing. No table refers to another: the server lets a session
# name an agent that does not exist, and keeps what belongs to a user who is gone.
SCHEMA = """
CREATE TABLE IF NOT EXISTS developers (api_key TEXT PRIMARY KEY, id TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS agents (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, developer_id TEXT NOT NULL, name TEXT NOT NULL, about TEXT,
    model TEXT NOT NULL, default_settings TEXT NOT NULL, metadata TEXT NOT NULL, instructions TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS users (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, developer_id TEXT NOT NULL, name TEXT, about TEXT,
    metadata TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS sessions (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, developer_id TEXT NOT NULL, user_id TEXT,
    agent_id TEXT NOT NULL, situation TEXT, summary TEXT, metadata TEXT NOT NULL, render_templates INTEGER NOT NULL,
    token_budget INTEGER, context_overflow TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);

-- The messages of a session; content is a JSON list of parts.
CREATE TABLE IF NOT EXISTS entries (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL, role TEXT NOT NULL,
    name TEXT NOT NULL, content TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_session ON entries (session_id, position);

-- The id of a tool is the caller's own where a PUT makes it, and then need not be the only one.
CREATE TABLE IF NOT EXISTS functions (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL, agent_id TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, parameters TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (agent_id, id));
-- Files of gemel 0.1 keep them here.
CREATE TABLE IF NOT EXISTS tools (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agent_id TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, parameters TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
INSERT OR IGNORE INTO functions SELECT * FROM (
    SELECT position, id, agent_id, name, description, parameters, created_at, updated_at FROM tools);
DROP TABLE tools;

-- A job runs until `ends`, seconds since the epoch, and then has its outcome.
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, outcome TEXT NOT NULL, ends REAL NOT NULL, created_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS docs (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner_type TEXT NOT NULL, owner_id TEXT NOT NULL,
    title TEXT NOT NULL, metadata TEXT NOT NULL, job_id TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS docs_by_owner ON docs (owner_type, owner_id);

-- The parts of the docs, indexed for ranking.
CREATE VIRTUAL TABLE IF NOT EXISTS snippets USING fts5 (
    doc_id UNINDEXED, title, content, tokenize = 'porter unicode61');
"""
