-- Changes of what is stored, runs and the feed.
-- Conventions as in 0001. JSON is text.

-- The number of the newest entry of the owner's feed.
ALTER TABLE users ADD COLUMN feed_seq INTEGER NOT NULL DEFAULT 0;

-- The run that writes or wrote the message, and the position of its log up to which the content goes.
ALTER TABLE messages ADD COLUMN run_id TEXT;
ALTER TABLE messages ADD COLUMN run_position INTEGER;
ALTER TABLE messages ADD COLUMN edited_at INTEGER;
ALTER TABLE messages ADD COLUMN deleted_at INTEGER;

-- What was applied, to know it again, and what an edit replaced.
CREATE TABLE changes (
    pk INTEGER PRIMARY KEY,
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    id TEXT NOT NULL,
    conversation_pk INTEGER NOT NULL REFERENCES conversations (pk),
    kind TEXT NOT NULL CHECK (kind = 'edit' OR kind = 'delete' OR kind = 'undelete' OR kind = 'trash' OR kind = 'restore'),
    message_id TEXT,
    content_before TEXT,
    fingerprint BLOB NOT NULL,
    seq INTEGER NOT NULL,
    device_id TEXT,
    device_seq INTEGER,
    applied_at INTEGER NOT NULL,
    UNIQUE (owner_pk, id)
);

-- `parent` is 'newest', 'root' or an id, and absent with the other two columns of the record. `outcome` is the end in JSON.
-- `newest_batch_pk` is the end of the log: a row of `run_events`.
CREATE TABLE runs (
    pk INTEGER PRIMARY KEY,
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    id TEXT NOT NULL,
    node_id TEXT NOT NULL,
    conversation_id TEXT,
    message_id TEXT,
    parent TEXT,
    status TEXT NOT NULL CHECK (status = 'running' OR status = 'complete' OR status = 'stopped' OR status = 'failed' OR status = 'interrupted'),
    provider TEXT,
    model TEXT,
    last_position INTEGER NOT NULL,
    newest_batch_pk INTEGER,
    stop_requested INTEGER NOT NULL CHECK (stop_requested IN (0, 1)),
    outcome TEXT,
    started_at INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    ended_at INTEGER,
    log_cleared INTEGER NOT NULL CHECK (log_cleared IN (0, 1)),
    UNIQUE (owner_pk, id)
);

-- To find the dead among those that run, in the order of their rows. Not by heartbeat, which every flush of every run changes.
CREATE INDEX runs_running ON runs (status) WHERE status = 'running';
-- To find the logs to clear.
CREATE INDEX runs_logged ON runs (ended_at) WHERE ended_at IS NOT NULL AND log_cleared = 0;

-- The logs: a row for each batch that was stored together, which names the one before it. A chain, and not a tree by run and position: rows are
-- only added at the table's end, so that storing what hundreds of runs said in the same moment changes a few pages and not one for each run.
CREATE TABLE run_events (
    pk INTEGER PRIMARY KEY,
    run_pk INTEGER NOT NULL REFERENCES runs (pk),
    previous_pk INTEGER,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    events TEXT NOT NULL
);

-- What changed, numbered 1, 2, 3 … for each owner. `subject_pk` is a row of the table that `kind` names; such rows are never deleted.
CREATE TABLE feed (
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind = 'conversation' OR kind = 'message' OR kind = 'run'),
    subject_pk INTEGER NOT NULL,
    PRIMARY KEY (owner_pk, seq)
) WITHOUT ROWID;

-- What was there before the feed stands in it once, so that a reader who begins at 0 comes to the present state.
INSERT INTO feed (owner_pk, seq, at, kind, subject_pk)
    SELECT owner_pk, ROW_NUMBER() OVER (PARTITION BY owner_pk ORDER BY pk), created_at, 'conversation', pk
    FROM conversations;
UPDATE users SET feed_seq = (SELECT COUNT(*) FROM feed WHERE feed.owner_pk = users.pk);
INSERT INTO feed (owner_pk, seq, at, kind, subject_pk)
    SELECT messages.owner_pk, users.feed_seq + ROW_NUMBER() OVER (PARTITION BY messages.owner_pk ORDER BY messages.pk),
        messages.stored_at, 'message', messages.pk
    FROM messages JOIN users ON users.pk = messages.owner_pk;
UPDATE users SET feed_seq = (SELECT COUNT(*) FROM feed WHERE feed.owner_pk = users.pk);

-- The search holds neither what was deleted nor answers that are still being written.
DROP VIEW message_search_source;
CREATE VIEW message_search_source AS
    SELECT
        messages.pk AS pk,
        'u' || messages.owner_pk AS owner,
        (
            SELECT group_concat(json_extract(part.value, '$.text'), char(10))
            FROM json_each(messages.content) AS part
            WHERE json_extract(part.value, '$.type') = 'text'
        ) AS text
    FROM messages
    WHERE messages.deleted_at IS NULL AND (messages.run_id IS NULL OR messages.status <> 'running');
