-- What surfaces keep with conversations and messages, labels, temporary conversations, documents.
-- Conventions as in 0001. `extras` is a JSON object; it and `labels` are NULL when there is nothing.

DROP INDEX conversations_active, conversations_pinned, conversations_archived, conversations_trashed;

-- `archived_at`: since when it is put away; of those that are, only the last change is known. `expires_at`: only a temporary one has it, and
-- temporary ones stand in no list.
ALTER TABLE conversations
    ADD COLUMN archived_at bigint,
    ADD COLUMN expires_at bigint,
    ADD COLUMN labels text[] COLLATE "C",
    ADD COLUMN extras text;
UPDATE conversations SET archived_at = updated_at WHERE archived;
ALTER TABLE conversations DROP COLUMN archived;
ALTER TABLE messages ADD COLUMN extras text;

-- One index for each list and order, so that a page reads only the rows that it shows.
CREATE INDEX conversations_active ON conversations (owner_id, last_message_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_active_by_creation ON conversations (owner_id, created_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_active_by_change ON conversations (owner_id, updated_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_active_by_title ON conversations (owner_id, COALESCE(title, ''), id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversations_pinned ON conversations (owner_id, last_message_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NULL AND pinned;
CREATE INDEX conversations_archived ON conversations (owner_id, last_message_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_creation ON conversations (owner_id, created_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_change ON conversations (owner_id, updated_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_title ON conversations (owner_id, COALESCE(title, ''), id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_archived_by_archiving ON conversations (owner_id, archived_at, id)
    WHERE trashed_at IS NULL AND expires_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX conversations_trashed ON conversations (owner_id, last_message_at, id)
    WHERE trashed_at IS NOT NULL AND expires_at IS NULL;
CREATE INDEX conversations_labels ON conversations USING gin (labels) WHERE labels IS NOT NULL;
CREATE INDEX conversations_labelled ON conversations (owner_id) WHERE labels IS NOT NULL;
CREATE INDEX conversations_temporary ON conversations (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX conversations_temporary_of ON conversations (owner_id) WHERE expires_at IS NOT NULL;

-- The newest run of a conversation. None of these columns ever changes.
CREATE INDEX runs_by_conversation ON runs (owner_id, conversation_id, started_at, id) WHERE conversation_id IS NOT NULL;

-- Small things that surfaces keep for people.
CREATE TABLE documents (
    owner_id uuid NOT NULL REFERENCES users (id),
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    body text NOT NULL,
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (owner_id, kind, id)
);

-- For those whose ids are secrets.
CREATE INDEX documents_by_id ON documents (id, kind);
