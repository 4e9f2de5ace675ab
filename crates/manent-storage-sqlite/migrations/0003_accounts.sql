-- Accounts, their sessions and keys, roles, the audit log and budgets.
-- Conventions as in 0001. Digests, hashes and encrypted secrets are blobs.

-- Its id is that of the owner whose rows are the account's.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    email TEXT NOT NULL UNIQUE,
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    username TEXT,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status = 'active' OR status = 'disabled'),
    provider TEXT NOT NULL,
    openid_issuer TEXT,
    openid_subject TEXT,
    password TEXT,
    two_factor TEXT,
    terms_accepted_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (openid_issuer, openid_subject),
    CHECK ((openid_issuer IS NULL) = (openid_subject IS NULL))
);

CREATE INDEX accounts_administrators ON accounts (id) WHERE role = 'ADMIN' AND status = 'active';

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    generation INTEGER NOT NULL,
    presentations TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_as TEXT,
    label TEXT,
    CHECK ((ended_at IS NULL) = (ended_as IS NULL))
);

CREATE INDEX sessions_by_account ON sessions (account_id, created_at, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- For an account, with the address that it had; or an invitation, with a role and perhaps an address.
CREATE TABLE one_time_links (
    digest BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    account_id TEXT REFERENCES accounts (id),
    email TEXT,
    role TEXT,
    invited_by TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    CHECK ((account_id IS NULL) = (role IS NOT NULL)),
    CHECK (account_id IS NULL OR email IS NOT NULL)
);

CREATE INDEX one_time_links_by_account ON one_time_links (account_id, purpose) WHERE account_id IS NOT NULL;
CREATE INDEX one_time_links_open ON one_time_links (purpose, created_at) WHERE used_at IS NULL;
CREATE INDEX one_time_links_by_end ON one_time_links (expires_at);

-- What was changed about a role, as JSON.
CREATE TABLE roles (
    name TEXT NOT NULL PRIMARY KEY,
    overrides TEXT NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER,
    revoked_at INTEGER
);

CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at, id);

CREATE TABLE provider_keys (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    endpoint TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (account_id, endpoint)
);

CREATE INDEX provider_keys_by_version ON provider_keys (key_version);

-- Numbered 1, 2, 3 … over the whole store; `detail` is a JSON object of texts.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor_id TEXT,
    account_id TEXT,
    address TEXT,
    detail TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE INDEX audit_by_account ON audit (account_id, number) WHERE account_id IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor_id, number) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_by_kind ON audit (kind, number);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed');
END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never deleted');
END;

-- The end of the log, beside it: entries that are cut off the end are missed.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
);

INSERT INTO audit_head (id, number, hash) VALUES (1, 0, zeroblob(32));

-- Owners need no account to have a budget.
CREATE TABLE budget_standings (
    owner_id TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    used_runs INTEGER NOT NULL,
    used_tokens INTEGER NOT NULL,
    used_cost INTEGER NOT NULL,
    reserved_runs INTEGER NOT NULL,
    reserved_tokens INTEGER NOT NULL,
    reserved_cost INTEGER NOT NULL,
    PRIMARY KEY (owner_id, starts_at, ends_at)
);

CREATE INDEX budget_standings_by_end ON budget_standings (ends_at);

CREATE TABLE budget_reservations (
    owner_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    PRIMARY KEY (owner_id, run_id)
);

CREATE INDEX budget_reservations_open ON budget_reservations (created_at) WHERE settled_at IS NULL;
CREATE INDEX budget_reservations_settled ON budget_reservations (ends_at) WHERE settled_at IS NOT NULL;
CREATE INDEX budget_reservations_by_period ON budget_reservations (owner_id, starts_at, ends_at);

-- From now on accounts are deleted with everything that they own. SQLite looks for what refers to a row before it deletes it: changes get an
-- index for that, and the logs, whose table is to have none (see 0002), refer to their runs without a check.
CREATE INDEX changes_by_conversation ON changes (conversation_pk);

CREATE TABLE new_run_events (
    pk INTEGER PRIMARY KEY,
    run_pk INTEGER NOT NULL,
    previous_pk INTEGER,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    events TEXT NOT NULL
);

INSERT INTO new_run_events (pk, run_pk, previous_pk, first_position, last_position, events)
    SELECT pk, run_pk, previous_pk, first_position, last_position, events FROM run_events ORDER BY pk;
DROP TABLE run_events;
ALTER TABLE new_run_events RENAME TO run_events;
