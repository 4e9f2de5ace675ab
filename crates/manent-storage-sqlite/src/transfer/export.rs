//! From rows to records, owner by owner, each by the index that has the kind's order: a page costs what it shows, however much lies before it.

mod key;

use manent_domain::append::LanePosition;
use manent_domain::feed::Subject;
use manent_domain::message::Fingerprint;
use manent_domain::transfer::{RecordKind, TransferRecord};
use rusqlite::{Connection, Params, Row, params};

use crate::append::refusal_facts;
use crate::documents::{self, DOCUMENT_COLUMNS};
use crate::error::{Error, to_count, to_integer};
use crate::rows::{
    self, CONVERSATION_COLUMNS, MESSAGE_COLUMNS, parsed, parsed_option, text, timestamp, unreadable,
};
use crate::runs;
use crate::users::{self, Owner};
use key::Key;

/// At most `limit` records of a kind after the given one.
pub(crate) fn export(
    connection: &Connection,
    kind: RecordKind,
    after: Option<&TransferRecord>,
    limit: usize,
) -> Result<Vec<TransferRecord>, Error> {
    let mut page = Page {
        connection,
        limit,
        records: Vec::new(),
    };
    let after = after.map(Key::of);
    let mut passed = after
        .as_ref()
        .map_or_else(String::new, |(owner, _)| owner.to_string());
    if kind == RecordKind::User {
        page.users(&passed)?;
        return Ok(page.records);
    }
    if let Some((id, key)) = &after
        && let Some(pk) = users::find(connection, *id)?
    {
        page.of_owner(Owner { id: *id, pk }, kind, key)?;
    }
    while page.room() > 0
        && let Some(owner) = next_owner(connection, &passed)?
    {
        page.of_owner(owner, kind, &Key::default())?;
        passed = owner.id.to_string();
    }
    Ok(page.records)
}

fn next_owner(connection: &Connection, passed: &str) -> Result<Option<Owner>, Error> {
    let mut statement =
        connection.prepare_cached("SELECT id, pk FROM users WHERE id > ?1 ORDER BY id LIMIT 1")?;
    let mut found = statement.query([passed])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    Ok(Some(Owner {
        id: parsed(row, 0, "users.id")?,
        pk: row.get(1)?,
    }))
}

struct Page<'page> {
    connection: &'page Connection,
    limit: usize,
    records: Vec<TransferRecord>,
}

impl Page<'_> {
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.records.len())
    }

    fn limit(&self) -> Result<i64, Error> {
        to_integer(self.room() as u64, "the limit")
    }

    fn of_owner(&mut self, owner: Owner, kind: RecordKind, after: &Key) -> Result<(), Error> {
        match kind {
            RecordKind::Conversation => self.conversations(owner, after),
            RecordKind::Message => self.messages(owner, after),
            RecordKind::Lane => self.lanes(owner, after),
            RecordKind::Refusal => self.refusals(owner, after),
            RecordKind::Change => self.changes(owner, after),
            RecordKind::Run => self.runs(owner, after),
            RecordKind::RunEvents => self.run_events(owner, after),
            RecordKind::Feed => self.feed(owner, after),
            RecordKind::Document => self.documents(owner, after),
            // Users are no owner's; rows of accounts are exported elsewhere.
            _ => Ok(()),
        }
    }

    /// Adds a record for each row.
    fn add(
        &mut self,
        sql: &str,
        parameters: impl Params,
        read: impl Fn(&Row<'_>) -> Result<TransferRecord, Error>,
    ) -> Result<(), Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(parameters)?;
        while let Some(row) = found.next()? {
            self.records.push(read(row)?);
        }
        Ok(())
    }

    /// Adds the records of each row that others belong to, beginning within the one that the key names.
    fn add_groups<Id: std::str::FromStr + ToString + Copy>(
        &mut self,
        sql: &str,
        owner: Owner,
        after: &Key,
        add: impl Fn(&mut Self, Id, i64, i64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params![owner.pk, after.id])?;
        while let Some(row) = found.next()? {
            if self.room() == 0 {
                break;
            }
            let id: Id = parsed(row, 0, "id")?;
            let number = if id.to_string() == after.id {
                after.integer()
            } else {
                0
            };
            add(self, id, row.get(1)?, number)?;
        }
        Ok(())
    }

    fn users(&mut self, after: &str) -> Result<(), Error> {
        let limit = self.limit()?;
        self.add(
            "SELECT id, created_at, feed_seq FROM users WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![after, limit],
            |row| {
                Ok(TransferRecord::User {
                    id: parsed(row, 0, "users.id")?,
                    created_at: timestamp(row, 1, "users.created_at")?,
                    feed_seq: to_count(row.get(2)?, "users.feed_seq")?,
                })
            },
        )
    }

    fn conversations(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        let sql = format!(
            "SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE owner_pk = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
        );
        self.add(&sql, params![owner.pk, after.id, limit], |row| {
            Ok(TransferRecord::Conversation {
                owner: owner.id,
                conversation: rows::conversation(row)?,
            })
        })
    }

    fn messages(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS}, fingerprint, device_id, device_seq FROM messages \
             WHERE conversation_pk = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
        );
        self.add_groups(
            "SELECT id, pk FROM conversations WHERE owner_pk = ?1 AND id >= ?2 ORDER BY id",
            owner,
            after,
            |page, conversation, pk, number| {
                let limit = page.limit()?;
                page.add(&sql, params![pk, number, limit], |row| {
                    Ok(TransferRecord::Message {
                        owner: owner.id,
                        message: rows::message(row, conversation)?,
                        fingerprint: Fingerprint(row.get(15)?),
                        lane: lane(row, 16)?,
                    })
                })
            },
        )
    }

    fn lanes(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        self.add(
            "SELECT conversation_id, device_id, device_seq FROM lanes \
             WHERE owner_pk = ?1 AND (conversation_id, device_id) > (?2, ?3) ORDER BY conversation_id, device_id LIMIT ?4",
            params![owner.pk, after.id, after.device, limit],
            |row| {
                Ok(TransferRecord::Lane {
                    owner: owner.id,
                    conversation: parsed(row, 0, "lanes.conversation_id")?,
                    device: parsed(row, 1, "lanes.device_id")?,
                    device_seq: to_count(row.get(2)?, "lanes.device_seq")?,
                })
            },
        )
    }

    fn refusals(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        self.add(
            "SELECT message_id, kind, code, conversation_id, device_id, device_seq FROM lane_refusals \
             WHERE owner_pk = ?1 AND (conversation_id, device_id, device_seq) > (?2, ?3, ?4) \
             ORDER BY conversation_id, device_id, device_seq LIMIT ?5",
            params![owner.pk, after.id, after.device, after.integer(), limit],
            |row| {
                Ok(TransferRecord::Refusal {
                    owner: owner.id,
                    conversation: parsed(row, 3, "lane_refusals.conversation_id")?,
                    position: lane(row, 4)?
                        .ok_or_else(|| unreadable("lane_refusals.device_id"))?,
                    facts: refusal_facts(row)?,
                })
            },
        )
    }

    fn changes(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        self.add(
            "SELECT id, (SELECT conversations.id FROM conversations WHERE conversations.pk = changes.conversation_pk), kind, \
             message_id, content_before, fingerprint, seq, applied_at, device_id, device_seq FROM changes \
             WHERE owner_pk = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            params![owner.pk, after.id, limit],
            |row| {
                Ok(TransferRecord::Change {
                    owner: owner.id,
                    id: parsed(row, 0, "changes.id")?,
                    conversation: parsed(row, 1, "conversations.id")?,
                    kind: row.get(2)?,
                    message: parsed_option(row, 3, "changes.message_id")?,
                    before: row.get(4)?,
                    fingerprint: Fingerprint(row.get(5)?),
                    seq: to_count(row.get(6)?, "changes.seq")?,
                    applied_at: timestamp(row, 7, "changes.applied_at")?,
                    lane: lane(row, 8)?,
                })
            },
        )
    }

    fn runs(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        let columns = runs::RUN_COLUMNS;
        let sql = format!(
            "SELECT {columns} FROM runs WHERE owner_pk = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
        );
        self.add(&sql, params![owner.pk, after.id, limit], |row| {
            Ok(TransferRecord::Run {
                owner: owner.id,
                run: runs::from_row(row)?,
            })
        })
    }

    fn run_events(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        self.add_groups(
            "SELECT id, pk FROM runs WHERE owner_pk = ?1 AND id >= ?2 ORDER BY id",
            owner,
            after,
            |page, run, pk, number| {
                let after = to_count(number, "run_events.first_position")?;
                let batches = runs::batches(page.connection, pk)?;
                let batches = batches.iter().filter(|batch| batch.first > after);
                for batch in batches.take(page.room()) {
                    page.add(
                        "SELECT first_position, last_position, events FROM run_events WHERE pk = ?1",
                        [batch.pk],
                        |row| {
                            Ok(TransferRecord::RunEvents {
                                owner: owner.id,
                                run,
                                first: to_count(row.get(0)?, "run_events.first_position")?,
                                last: to_count(row.get(1)?, "run_events.last_position")?,
                                events: row.get(2)?,
                            })
                        },
                    )?;
                }
                Ok(())
            },
        )
    }

    fn feed(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        self.add(
            "SELECT seq, at, kind, CASE kind \
             WHEN 'conversation' THEN (SELECT id FROM conversations WHERE pk = subject_pk) \
             WHEN 'message' THEN (SELECT id FROM messages WHERE pk = subject_pk) \
             ELSE (SELECT id FROM runs WHERE pk = subject_pk) END \
             FROM feed WHERE owner_pk = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            params![owner.pk, after.integer(), limit],
            |row| {
                Ok(TransferRecord::Feed {
                    owner: owner.id,
                    seq: to_count(row.get(0)?, "feed.seq")?,
                    at: timestamp(row, 1, "feed.at")?,
                    subject: subject(row)?,
                })
            },
        )
    }
}

impl Page<'_> {
    fn documents(&mut self, owner: Owner, after: &Key) -> Result<(), Error> {
        let limit = self.limit()?;
        let sql = format!(
            "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE owner_pk = ?1 AND (kind, id) > (?2, ?3) ORDER BY kind, id LIMIT ?4"
        );
        let parameters = params![owner.pk, after.kind, after.id, limit];
        self.add(&sql, parameters, |row| {
            Ok(TransferRecord::Document {
                owner: owner.id,
                document: documents::document(row)?,
            })
        })
    }
}

fn lane(row: &Row<'_>, index: usize) -> Result<Option<LanePosition>, Error> {
    let Some(device) = parsed_option(row, index, "device_id")? else {
        return Ok(None);
    };
    Ok(Some(LanePosition {
        device,
        device_seq: to_count(row.get(index + 1)?, "device_seq")?,
    }))
}

fn subject(row: &Row<'_>) -> Result<Subject, Error> {
    let column = "feed.subject_pk";
    Ok(match text(row, 2, "feed.kind")? {
        "conversation" => Subject::Conversation(parsed(row, 3, column)?),
        "message" => Subject::Message(parsed(row, 3, column)?),
        "run" => Subject::Run(parsed(row, 3, column)?),
        _ => return Err(unreadable("feed.kind")),
    })
}
