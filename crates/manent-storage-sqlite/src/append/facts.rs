//! The facts that the decision asks for.

use std::collections::HashMap;

use manent_domain::append::{
    AppendFacts, ChangeFacts, ConflictCause, ConversationFacts, MessageFacts, RefusalFacts,
    RefusedAs,
};
use manent_domain::error::Refusal;
use manent_domain::message::Fingerprint;
use manent_types::{ConversationId, DeviceId, MessageId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Error, to_count, to_integer};
use crate::rows;

/// The rows of the conversations that a batch names.
pub(crate) type ConversationRows = HashMap<ConversationId, i64>;

pub(crate) struct SqliteFacts<'unit> {
    connection: &'unit Connection,
    owner_pk: i64,
    now: Timestamp,
    conversations: ConversationRows,
}

impl<'unit> SqliteFacts<'unit> {
    pub(crate) fn new(connection: &'unit Connection, owner_pk: i64, now: Timestamp) -> Self {
        Self {
            connection,
            owner_pk,
            now,
            conversations: HashMap::new(),
        }
    }

    pub(crate) fn into_conversations(self) -> ConversationRows {
        self.conversations
    }
}

impl AppendFacts for SqliteFacts<'_> {
    type Error = Error;

    fn conversation(&mut self, id: ConversationId) -> Result<Option<ConversationFacts>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pk, last_seq, title_source, trashed_at IS NOT NULL, expires_at IS NOT NULL FROM conversations \
             WHERE owner_pk = ?1 AND id = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
        )?;
        let now = self.now.as_millisecond();
        let mut found = statement.query(params![self.owner_pk, id.to_string(), now])?;
        let Some(row) = found.next()? else {
            return Ok(None);
        };
        self.conversations.insert(id, row.get(0)?);
        Ok(Some(ConversationFacts {
            last_seq: to_count(row.get(1)?, "conversations.last_seq")?,
            title_source: rows::title_source(row, 2)?,
            trashed: row.get(3)?,
            is_temporary: row.get(4)?,
        }))
    }

    fn newest_message(&mut self, id: ConversationId) -> Result<Option<MessageId>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT messages.id FROM conversations JOIN messages ON messages.conversation_pk = conversations.pk \
             AND messages.seq = conversations.last_seq WHERE conversations.owner_pk = ?1 AND conversations.id = ?2",
        )?;
        let mut found = statement.query(params![self.owner_pk, id.to_string()])?;
        found
            .next()?
            .map(|row| rows::parsed(row, 0, "messages.id"))
            .transpose()
    }

    fn lane(&mut self, device: &DeviceId, conversation: ConversationId) -> Result<u64, Error> {
        let applied = self
            .connection
            .prepare_cached(
                "SELECT device_seq FROM lanes WHERE owner_pk = ?1 AND conversation_id = ?2 AND device_id = ?3",
            )?
            .query_row(
                params![self.owner_pk, conversation.to_string(), device.as_str()],
                |row| row.get(0),
            )
            .optional()?;
        to_count(applied.unwrap_or(0), "lanes.device_seq")
    }

    fn message(&mut self, id: MessageId) -> Result<Option<MessageFacts>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT conversations.id, messages.parent_id, messages.seq, messages.fingerprint, messages.run_id IS NOT NULL, \
             messages.status = 'running' FROM messages \
             JOIN conversations ON conversations.pk = messages.conversation_pk \
             WHERE messages.owner_pk = ?1 AND messages.id = ?2",
        )?;
        let mut found = statement.query(params![self.owner_pk, id.to_string()])?;
        let Some(row) = found.next()? else {
            return Ok(None);
        };
        Ok(Some(MessageFacts {
            conversation: rows::parsed(row, 0, "conversations.id")?,
            parent: rows::parsed_option(row, 1, "messages.parent_id")?,
            seq: to_count(row.get(2)?, "messages.seq")?,
            fingerprint: Fingerprint(row.get(3)?),
            by_run: row.get(4)?,
            is_running: row.get(4)? && row.get(5)?,
        }))
    }

    fn change(&mut self, id: MessageId) -> Result<Option<ChangeFacts>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT conversations.id, changes.fingerprint, changes.seq FROM changes \
             JOIN conversations ON conversations.pk = changes.conversation_pk \
             WHERE changes.owner_pk = ?1 AND changes.id = ?2",
        )?;
        let mut found = statement.query(params![self.owner_pk, id.to_string()])?;
        let Some(row) = found.next()? else {
            return Ok(None);
        };
        Ok(Some(ChangeFacts {
            conversation: rows::parsed(row, 0, "conversations.id")?,
            fingerprint: Fingerprint(row.get(1)?),
            seq: to_count(row.get(2)?, "changes.seq")?,
        }))
    }

    fn refusal_at(
        &mut self,
        device: &DeviceId,
        conversation: ConversationId,
        device_seq: u64,
    ) -> Result<Option<RefusalFacts>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message_id, kind, code FROM lane_refusals \
             WHERE owner_pk = ?1 AND conversation_id = ?2 AND device_id = ?3 AND device_seq = ?4",
        )?;
        let mut found = statement.query(params![
            self.owner_pk,
            conversation.to_string(),
            device.as_str(),
            to_integer(device_seq, "the lane's number")?,
        ])?;
        found.next()?.map(refusal_facts).transpose()
    }

    fn was_refused(&mut self, id: MessageId) -> Result<bool, Error> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM lane_refusals WHERE owner_pk = ?1 AND message_id = ?2 LIMIT 1",
            )?
            .exists(params![self.owner_pk, id.to_string()])?)
    }
}

/// A refusal from the columns `message_id`, `kind` and `code`, which come first.
pub(crate) fn refusal_facts(row: &Row<'_>) -> Result<RefusalFacts, Error> {
    let kind: String = row.get(1)?;
    let code: Option<String> = row.get(2)?;
    Ok(RefusalFacts {
        id: rows::parsed_option(row, 0, "lane_refusals.message_id")?,
        refused_as: refused_as(&kind, code.as_deref()).ok_or(Error::Unreadable {
            column: "lane_refusals.kind",
        })?,
    })
}

/// How a refusal stands in its row: its kind and its code.
pub(crate) fn kind_and_code(refused_as: RefusedAs) -> (&'static str, Option<&'static str>) {
    match refused_as {
        RefusedAs::Rejected(refusal) => ("rejected", Some(refusal.code())),
        RefusedAs::Conflict(cause) => ("conflict", Some(cause.code())),
        RefusedAs::Blocked => ("blocked", None),
    }
}

fn refused_as(kind: &str, code: Option<&str>) -> Option<RefusedAs> {
    match (kind, code) {
        ("rejected", Some(code)) => Refusal::from_code(code).map(RefusedAs::Rejected),
        ("conflict", Some(code)) => ConflictCause::from_code(code).map(RefusedAs::Conflict),
        ("blocked", None) => Some(RefusedAs::Blocked),
        _ => None,
    }
}
