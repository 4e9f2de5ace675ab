-- Ids are UUIDs, times are milliseconds since 1970 in UTC, JSON is text (it must come back as it was written). Text is ordered by its bytes.
-- Every row names its owner. Whoever writes an owner's rows holds the lock on the owner's row in `users` meanwhile, so that the numbers of
-- lanes, messages and feed are given without gaps, in the order of commits.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    created_at bigint NOT NULL,
    -- The number of the newest entry of the owner's feed.
    feed_seq bigint NOT NULL
) WITH (fillfactor = 50);

-- Orders what was stored in the same millisecond, for the search.
CREATE SEQUENCE places;

CREATE TABLE conversations (
    owner_id uuid NOT NULL REFERENCES users (id),
    id uuid NOT NULL,
    title text COLLATE "C",
    title_source text COLLATE "C" NOT NULL CHECK (title_source IN ('none', 'cut', 'generated', 'user')),
    config text NOT NULL,
    archived boolean NOT NULL,
    pinned boolean NOT NULL,
    trashed_at bigint,
    last_seq bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    last_message_at bigint NOT NULL,
    -- Its place among what is found: the time of its creation, then the order.
    place bigint NOT NULL,
    -- The words of its title, and a word for the owner.
    words tsvector,
    PRIMARY KEY (owner_id, id)
) WITH (fillfactor = 80);

-- One index for each list, so that a page reads only the rows that it shows.
CREATE INDEX conversations_active ON conversations (owner_id, last_message_at, id) WHERE trashed_at IS NULL AND NOT archived;
CREATE INDEX conversations_pinned ON conversations (owner_id, last_message_at, id) WHERE trashed_at IS NULL AND NOT archived AND pinned;
CREATE INDEX conversations_archived ON conversations (owner_id, last_message_at, id) WHERE trashed_at IS NULL AND archived;
CREATE INDEX conversations_trashed ON conversations (owner_id, last_message_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX conversations_words ON conversations USING gin (words) WHERE words IS NOT NULL;

CREATE TABLE messages (
    owner_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    parent_id uuid,
    seq bigint NOT NULL,
    role text COLLATE "C" NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    content text NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('complete', 'running', 'stopped', 'failed', 'interrupted')),
    model text COLLATE "C",
    provider text COLLATE "C",
    usage text,
    -- Of role and content as they were appended.
    fingerprint bytea NOT NULL,
    device_id text COLLATE "C",
    device_seq bigint,
    created_at bigint NOT NULL,
    stored_at bigint NOT NULL,
    -- The run that writes or wrote it, and the position of its log up to which the content goes.
    run_id uuid,
    run_position bigint NOT NULL,
    edited_at bigint,
    deleted_at bigint,
    -- Its place among what is found: the time of its storing, then the order.
    place bigint NOT NULL,
    -- The words of its text, and a word for the owner; absent while it is not to be found (deleted, or still being written).
    words tsvector,
    UNIQUE (owner_id, conversation_id, seq),
    FOREIGN KEY (owner_id, conversation_id) REFERENCES conversations (owner_id, id)
);

-- The key. The owner is in it in another form, so that a look by id can use this index alone, and a look by conversation the other one alone:
-- in an empty table both seem equally good, and a prepared statement keeps its plan when the table has grown.
CREATE UNIQUE INDEX messages_by_id ON messages (id, uuid_send(owner_id));

CREATE INDEX messages_words ON messages USING gin (words) WHERE words IS NOT NULL;

-- The last number applied in each lane. A lane may name a conversation that does not exist: its messages are refused, and the refused
-- numbers are used up all the same.
CREATE TABLE lanes (
    owner_id uuid NOT NULL REFERENCES users (id),
    conversation_id uuid NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    device_seq bigint NOT NULL,
    PRIMARY KEY (owner_id, conversation_id, device_id)
) WITH (fillfactor = 50);

CREATE TABLE lane_refusals (
    owner_id uuid NOT NULL REFERENCES users (id),
    conversation_id uuid NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    device_seq bigint NOT NULL,
    item_id uuid,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('rejected', 'conflict', 'blocked')),
    code text COLLATE "C",
    PRIMARY KEY (owner_id, conversation_id, device_id, device_seq)
);

-- As `messages_by_id`.
CREATE INDEX lane_refusals_by_item ON lane_refusals (item_id, uuid_send(owner_id)) WHERE item_id IS NOT NULL;

-- What was applied, to know it again, and what an edit replaced.
CREATE TABLE changes (
    owner_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('edit', 'delete', 'undelete', 'trash', 'restore')),
    message_id uuid,
    content_before text,
    fingerprint bytea NOT NULL,
    seq bigint NOT NULL,
    device_id text COLLATE "C",
    device_seq bigint,
    applied_at bigint NOT NULL,
    PRIMARY KEY (owner_id, id),
    FOREIGN KEY (owner_id, conversation_id) REFERENCES conversations (owner_id, id)
);

-- `parent` is 'newest', 'root' or an id, and absent with the other two columns of the record. `outcome` is the end in JSON.
CREATE TABLE runs (
    owner_id uuid NOT NULL REFERENCES users (id),
    id uuid NOT NULL,
    node_id uuid NOT NULL,
    conversation_id uuid,
    message_id uuid,
    parent text COLLATE "C",
    status text COLLATE "C" NOT NULL CHECK (status IN ('running', 'complete', 'stopped', 'failed', 'interrupted')),
    provider text COLLATE "C",
    model text COLLATE "C",
    last_position bigint NOT NULL,
    stop_requested boolean NOT NULL,
    outcome text,
    started_at bigint NOT NULL,
    heartbeat_at bigint NOT NULL,
    ended_at bigint,
    log_cleared boolean NOT NULL,
    PRIMARY KEY (owner_id, id)
) WITH (fillfactor = 50);

-- To find the dead among those that run. Not by heartbeat, which every flush of every run changes.
CREATE INDEX runs_running ON runs (node_id) WHERE status = 'running';
-- To find the logs to clear.
CREATE INDEX runs_logged ON runs (ended_at) WHERE ended_at IS NOT NULL AND NOT log_cleared;

-- The logs: a row for each batch that was stored together.
CREATE TABLE run_events (
    owner_id uuid NOT NULL,
    run_id uuid NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    events text NOT NULL,
    PRIMARY KEY (owner_id, run_id, first_position)
);

-- What changed, numbered 1, 2, 3 … for each owner. `subject_id` is a row of the table that `kind` names; such rows are never deleted.
CREATE TABLE feed (
    owner_id uuid NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('conversation', 'message', 'run')),
    subject_id uuid NOT NULL,
    PRIMARY KEY (owner_id, seq)
);

-- How many groups each writer of each process has committed: written in the transaction of the group, read by the other processes to find
-- out whether a notification was missed.
CREATE SEQUENCE instances;

CREATE TABLE writers (
    instance bigint NOT NULL,
    writer integer NOT NULL,
    groups bigint NOT NULL,
    active_at timestamptz NOT NULL,
    PRIMARY KEY (instance, writer)
) WITH (fillfactor = 20);
