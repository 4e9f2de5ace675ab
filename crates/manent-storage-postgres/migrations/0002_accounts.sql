-- Accounts, their sessions and keys, roles, the audit log and budgets. Conventions as in 0001.
--
-- Locks are taken in this order, so that no two units wait for each other: the row of `accounts_lock` (by whoever counts accounts), the owner's
-- row, the account's, those of sessions, links and keys, those of budgets, and last the head of the audit log.

-- Its id is that of the owner whose rows are the account's.
CREATE TABLE accounts (
    id uuid PRIMARY KEY REFERENCES users (id),
    email text COLLATE "C" NOT NULL UNIQUE,
    email_verified boolean NOT NULL,
    username text COLLATE "C",
    name text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    provider text COLLATE "C" NOT NULL,
    openid_issuer text COLLATE "C",
    openid_subject text COLLATE "C",
    password text COLLATE "C",
    two_factor text COLLATE "C",
    terms_accepted_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (openid_issuer, openid_subject),
    CHECK ((openid_issuer IS NULL) = (openid_subject IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX accounts_administrators ON accounts (id) WHERE role = 'ADMIN' AND status = 'active';

-- Whoever makes or deletes accounts, or changes what must be unique or counted, holds the lock on its one row.
CREATE TABLE accounts_lock (
    id integer PRIMARY KEY CHECK (id = 1)
);

INSERT INTO accounts_lock (id) VALUES (1);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    generation bigint NOT NULL,
    presentations text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    last_used_at bigint NOT NULL,
    ended_at bigint,
    ended_as text COLLATE "C",
    label text COLLATE "C",
    CHECK ((ended_at IS NULL) = (ended_as IS NULL))
) WITH (fillfactor = 50);

CREATE INDEX sessions_by_account ON sessions (account_id, created_at, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- For an account, with the address that it had; or an invitation, with a role and perhaps an address.
CREATE TABLE one_time_links (
    digest bytea PRIMARY KEY,
    purpose text COLLATE "C" NOT NULL,
    account_id uuid REFERENCES accounts (id),
    email text COLLATE "C",
    role text COLLATE "C",
    invited_by uuid,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at bigint,
    CHECK ((account_id IS NULL) = (role IS NOT NULL)),
    CHECK (account_id IS NULL OR email IS NOT NULL)
);

CREATE INDEX one_time_links_by_account ON one_time_links (account_id, purpose) WHERE account_id IS NOT NULL;
CREATE INDEX one_time_links_open ON one_time_links (purpose, created_at, digest) WHERE used_at IS NULL;
CREATE INDEX one_time_links_by_end ON one_time_links (expires_at);

-- What was changed about a role, as JSON.
CREATE TABLE roles (
    name text COLLATE "C" PRIMARY KEY,
    overrides text NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    name text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    scopes text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    last_used_at bigint,
    expires_at bigint,
    revoked_at bigint
) WITH (fillfactor = 80);

CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at, id);

CREATE TABLE provider_keys (
    account_id uuid NOT NULL REFERENCES accounts (id),
    endpoint text COLLATE "C" NOT NULL,
    key_version bigint NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    PRIMARY KEY (account_id, endpoint)
);

CREATE INDEX provider_keys_by_version ON provider_keys (key_version, account_id, endpoint);

-- Numbered 1, 2, 3 … over the whole store; `detail` is a JSON object of texts.
CREATE TABLE audit (
    number bigint PRIMARY KEY,
    at bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    actor_id uuid,
    account_id uuid,
    address text COLLATE "C",
    detail text NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL
);

CREATE INDEX audit_by_account ON audit (account_id, number) WHERE account_id IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor_id, number) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_by_kind ON audit (kind, number);

CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit log are never changed or deleted';
END
$$;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();

-- The end of the log, beside it: entries that are cut off the end are missed.
CREATE TABLE audit_head (
    id integer PRIMARY KEY CHECK (id = 1),
    number bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 20);

INSERT INTO audit_head (id, number, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

-- Owners need no account to have a budget.
CREATE TABLE budget_standings (
    owner_id uuid NOT NULL,
    starts_at bigint NOT NULL,
    ends_at bigint NOT NULL,
    used_runs bigint NOT NULL,
    used_tokens bigint NOT NULL,
    used_cost bigint NOT NULL,
    reserved_runs bigint NOT NULL,
    reserved_tokens bigint NOT NULL,
    reserved_cost bigint NOT NULL,
    PRIMARY KEY (owner_id, starts_at, ends_at)
) WITH (fillfactor = 50);

CREATE INDEX budget_standings_by_end ON budget_standings (ends_at);

CREATE TABLE budget_reservations (
    owner_id uuid NOT NULL,
    run_id uuid NOT NULL,
    starts_at bigint NOT NULL,
    ends_at bigint NOT NULL,
    runs bigint NOT NULL,
    tokens bigint NOT NULL,
    cost bigint NOT NULL,
    created_at bigint NOT NULL,
    settled_at bigint,
    PRIMARY KEY (owner_id, run_id)
) WITH (fillfactor = 80);

CREATE INDEX budget_reservations_open ON budget_reservations (created_at) WHERE settled_at IS NULL;
CREATE INDEX budget_reservations_settled ON budget_reservations (ends_at) WHERE settled_at IS NOT NULL;
CREATE INDEX budget_reservations_by_period ON budget_reservations (owner_id, starts_at, ends_at);

-- From now on accounts are deleted with everything that they own: conversations are looked for in the changes then.
CREATE INDEX changes_by_conversation ON changes (owner_id, conversation_id);
