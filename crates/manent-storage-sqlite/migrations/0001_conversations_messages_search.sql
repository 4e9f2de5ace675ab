-- Conversations, messages, lanes and search.
-- Ids are text (36 characters, lower case), times are milliseconds since 1970 in UTC, booleans are 0 and 1.
-- Every row names its owner. Lists of values are checked with OR: IN with more than two makes SQLite build a b-tree for every row.

CREATE TABLE users (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);

CREATE TABLE conversations (
    pk INTEGER PRIMARY KEY,
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    id TEXT NOT NULL,
    title TEXT,
    title_source TEXT NOT NULL CHECK (title_source = 'none' OR title_source = 'cut' OR title_source = 'generated' OR title_source = 'user'),
    config TEXT NOT NULL,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    trashed_at INTEGER,
    last_seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL,
    UNIQUE (owner_pk, id)
);

-- One index for each list, so that a page reads only the rows that it shows.
CREATE INDEX conversations_active ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NULL AND archived = 0;
CREATE INDEX conversations_pinned ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NULL AND archived = 0 AND pinned = 1;
CREATE INDEX conversations_archived ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NULL AND archived = 1;
CREATE INDEX conversations_trashed ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NOT NULL;

CREATE TABLE messages (
    pk INTEGER PRIMARY KEY,
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    conversation_pk INTEGER NOT NULL REFERENCES conversations (pk),
    id TEXT NOT NULL,
    parent_id TEXT,
    seq INTEGER NOT NULL,
    role TEXT NOT NULL CHECK (role = 'user' OR role = 'assistant' OR role = 'system' OR role = 'tool'),
    content TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status = 'complete' OR status = 'running' OR status = 'stopped' OR status = 'failed' OR status = 'interrupted'),
    model TEXT,
    provider TEXT,
    usage TEXT,
    fingerprint BLOB NOT NULL,
    device_id TEXT,
    device_seq INTEGER,
    created_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    UNIQUE (owner_pk, id),
    UNIQUE (conversation_pk, seq)
);

-- The last number applied in each lane. A lane may name a conversation that does not exist: its messages are refused,
-- and the refused numbers are used up all the same.
CREATE TABLE lanes (
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    conversation_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    device_seq INTEGER NOT NULL,
    PRIMARY KEY (owner_pk, conversation_id, device_id)
) WITHOUT ROWID;

CREATE TABLE lane_refusals (
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    conversation_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    device_seq INTEGER NOT NULL,
    message_id TEXT,
    kind TEXT NOT NULL CHECK (kind = 'rejected' OR kind = 'conflict' OR kind = 'blocked'),
    code TEXT,
    PRIMARY KEY (owner_pk, conversation_id, device_id, device_seq)
) WITHOUT ROWID;

CREATE INDEX lane_refusals_by_message ON lane_refusals (owner_pk, message_id)
    WHERE message_id IS NOT NULL;

-- Search. The index holds no copy of the words: snippets read them from the rows through these views. The owner is a word of each
-- row, so that a search can be narrowed to one owner inside MATCH.
CREATE VIEW message_search_source AS
    SELECT
        messages.pk AS pk,
        'u' || messages.owner_pk AS owner,
        (
            SELECT group_concat(json_extract(part.value, '$.text'), char(10))
            FROM json_each(messages.content) AS part
            WHERE json_extract(part.value, '$.type') = 'text'
        ) AS text
    FROM messages;

CREATE VIRTUAL TABLE message_search USING fts5 (
    owner,
    text,
    content = 'message_search_source',
    content_rowid = 'pk',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE VIEW title_search_source AS
    SELECT pk, 'u' || owner_pk AS owner, title AS text FROM conversations;

CREATE VIRTUAL TABLE title_search USING fts5 (
    owner,
    text,
    content = 'title_search_source',
    content_rowid = 'pk',
    tokenize = 'unicode61 remove_diacritics 2'
);

-- The owner's word says nothing about how well a row matches.
INSERT INTO message_search (message_search, rank) VALUES ('rank', 'bm25(0.0, 1.0)');
INSERT INTO title_search (title_search, rank) VALUES ('rank', 'bm25(0.0, 1.0)');
