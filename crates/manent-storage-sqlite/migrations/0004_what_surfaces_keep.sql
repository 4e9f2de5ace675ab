-- What surfaces keep with conversations and messages, labels, temporary conversations, documents.
-- Conventions as in 0001. `extras` is a JSON object, `labels` a JSON array in order; both are NULL when there is nothing.

DROP INDEX conversations_active;
DROP INDEX conversations_pinned;
DROP INDEX conversations_archived;
DROP INDEX conversations_trashed;

-- Since when it is put away. Of those that are, only the last change is known.
ALTER TABLE conversations ADD COLUMN archived_at INTEGER;
UPDATE conversations SET archived_at = updated_at WHERE archived = 1;
ALTER TABLE conversations DROP COLUMN archived;
-- Only a temporary one has it. Temporary ones stand in no list.
ALTER TABLE conversations ADD COLUMN expires_at INTEGER;
ALTER TABLE conversations ADD COLUMN labels TEXT;
ALTER TABLE conversations ADD COLUMN extras TEXT;
ALTER TABLE messages ADD COLUMN extras TEXT;

-- One index for each list and order, so that a page reads only the rows that it shows.
CREATE INDEX conversations_active ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_active_by_creation ON conversations (owner_pk, created_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_active_by_change ON conversations (owner_pk, updated_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_active_by_title ON conversations (owner_pk, COALESCE(title, ''), id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_pinned ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL AND pinned = 1;
CREATE INDEX conversations_archived ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_creation ON conversations (owner_pk, created_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_change ON conversations (owner_pk, updated_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_title ON conversations (owner_pk, COALESCE(title, ''), id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_archiving ON conversations (owner_pk, archived_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_trashed ON conversations (owner_pk, last_message_at, id)
    WHERE trashed_at IS NOT NULL AND expires_at IS NULL;
CREATE INDEX conversations_labelled ON conversations (owner_pk) WHERE labels IS NOT NULL;
CREATE INDEX conversations_temporary ON conversations (expires_at) WHERE expires_at IS NOT NULL;

-- The newest run of a conversation. None of these columns ever changes.
CREATE INDEX runs_by_conversation ON runs (owner_pk, conversation_id, started_at, id) WHERE conversation_id IS NOT NULL;

-- Small things that surfaces keep for people.
CREATE TABLE documents (
    pk INTEGER PRIMARY KEY,
    owner_pk INTEGER NOT NULL REFERENCES users (pk),
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (owner_pk, kind, id)
);

-- For those whose ids are secrets.
CREATE INDEX documents_by_id ON documents (id, kind);
