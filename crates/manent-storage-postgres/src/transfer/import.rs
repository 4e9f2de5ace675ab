//! From records to rows: a statement for each kind. What is there under the same key is replaced.

mod documents;
mod runs;
mod words;

use std::collections::BTreeMap;

use deadpool_postgres::ClientWrapper;
use manent_domain::append::{LanePosition, RefusalFacts};
use manent_domain::conversation::Conversation;
use manent_domain::document::Document;
use manent_domain::feed::Subject;
use manent_domain::message::{Fingerprint, Message};
use manent_domain::run::Run;
use manent_domain::transfer::TransferRecord;
use manent_types::{ConversationId, DeviceId, MessageId, RunId, Timestamp, UserId};

use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, column};
use crate::refusal_rows::kind_and_code;
use crate::workspace::subject_columns;

/// The columns of a message that an import reads besides the message itself.
struct MessageRecord {
    message: Message,
    fingerprint: Fingerprint,
    lane: Option<LanePosition>,
}

struct ChangeRecord {
    conversation: ConversationId,
    kind: String,
    message: Option<MessageId>,
    before: Option<String>,
    fingerprint: Fingerprint,
    seq: u64,
    lane: Option<LanePosition>,
    applied_at: Timestamp,
}

struct EventsRecord {
    last: u64,
    events: String,
}

/// The records by kind and key: the last of each key counts, as if they were written one after the other.
#[derive(Default)]
struct Records {
    users: BTreeMap<UserId, (Timestamp, u64)>,
    conversations: BTreeMap<(UserId, ConversationId), Conversation>,
    messages: BTreeMap<(UserId, MessageId), MessageRecord>,
    lanes: BTreeMap<(UserId, ConversationId, DeviceId), u64>,
    refusals: BTreeMap<(UserId, ConversationId, DeviceId, u64), RefusalFacts>,
    changes: BTreeMap<(UserId, MessageId), ChangeRecord>,
    runs: BTreeMap<(UserId, RunId), Run>,
    events: BTreeMap<(UserId, RunId, u64), EventsRecord>,
    feed: BTreeMap<(UserId, u64), (Timestamp, Subject)>,
    documents: BTreeMap<(UserId, String, String), Document>,
}

/// Writes the records, all but rows of accounts, in a transaction that has begun.
pub(crate) async fn import(
    client: &ClientWrapper,
    records: Vec<TransferRecord>,
) -> Result<(), Error> {
    Records::sorted(records).write(client).await
}

fn integers(numbers: impl IntoIterator<Item = u64>, what: &'static str) -> Result<Vec<i64>, Error> {
    numbers
        .into_iter()
        .map(|number| to_integer(number, what))
        .collect()
}

fn device(lane: Option<&LanePosition>) -> Option<&str> {
    lane.map(|lane| lane.device.as_str())
}

fn device_seq(lane: Option<&LanePosition>) -> Result<Option<i64>, Error> {
    lane.map(|lane| to_integer(lane.device_seq, "the lane's number"))
        .transpose()
}

impl Records {
    fn sorted(records: Vec<TransferRecord>) -> Self {
        let mut sorted = Self::default();
        for record in records {
            sorted.add(record);
        }
        sorted
    }

    fn add(&mut self, record: TransferRecord) {
        match record {
            TransferRecord::User {
                id,
                created_at,
                feed_seq,
            } => {
                self.users.insert(id, (created_at, feed_seq));
            }
            TransferRecord::Conversation {
                owner,
                conversation,
            } => {
                self.conversations
                    .insert((owner, conversation.id), conversation);
            }
            TransferRecord::Message {
                owner,
                message,
                fingerprint,
                lane,
            } => {
                let key = (owner, message.id);
                let record = MessageRecord {
                    message,
                    fingerprint,
                    lane,
                };
                self.messages.insert(key, record);
            }
            TransferRecord::Lane {
                owner,
                conversation,
                device,
                device_seq,
            } => {
                self.lanes.insert((owner, conversation, device), device_seq);
            }
            TransferRecord::Refusal {
                owner,
                conversation,
                position,
                facts,
            } => {
                let key = (owner, conversation, position.device, position.device_seq);
                self.refusals.insert(key, facts);
            }
            TransferRecord::Change {
                owner,
                id,
                conversation,
                kind,
                message,
                before,
                fingerprint,
                seq,
                lane,
                applied_at,
            } => {
                let record = ChangeRecord {
                    conversation,
                    kind,
                    message,
                    before,
                    fingerprint,
                    seq,
                    lane,
                    applied_at,
                };
                self.changes.insert((owner, id), record);
            }
            TransferRecord::Run { owner, run } => {
                self.runs.insert((owner, run.id), run);
            }
            TransferRecord::RunEvents {
                owner,
                run,
                first,
                last,
                events,
            } => {
                let record = EventsRecord { last, events };
                self.events.insert((owner, run, first), record);
            }
            TransferRecord::Feed {
                owner,
                seq,
                at,
                subject,
            } => {
                self.feed.insert((owner, seq), (at, subject));
            }
            TransferRecord::Document { owner, document } => {
                let key = (owner, document.kind.clone(), document.id.clone());
                self.documents.insert(key, document);
            }
            // Imported elsewhere.
            TransferRecord::AccountRow { .. } => {}
        }
    }

    async fn write(&self, client: &ClientWrapper) -> Result<(), Error> {
        let mut pipeline = Pipeline::new(client);
        self.add_users(&mut pipeline).await?;
        self.add_conversations(&mut pipeline).await?;
        self.add_messages(&mut pipeline).await?;
        self.add_lanes(&mut pipeline).await?;
        self.add_changes(&mut pipeline).await?;
        self.add_runs(&mut pipeline).await?;
        self.add_feed(&mut pipeline).await?;
        self.add_documents(&mut pipeline).await?;
        pipeline.run().await?;
        Ok(())
    }

    async fn add_users<'rows>(&'rows self, pipeline: &mut Pipeline<'rows>) -> Result<(), Error> {
        if self.users.is_empty() {
            return Ok(());
        }
        // Never back: the next change would get a number that another one has.
        let sql = "INSERT INTO users (id, created_at, feed_seq) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) \
             ON CONFLICT (id) DO UPDATE SET created_at = EXCLUDED.created_at, feed_seq = GREATEST(users.feed_seq, EXCLUDED.feed_seq)";
        let numbers = integers(
            self.users.values().map(|(_, feed_seq)| *feed_seq),
            "a feed's number",
        )?;
        let values = vec![
            column(self.users.keys().map(UserId::as_uuid)),
            column(
                self.users
                    .values()
                    .map(|(created, _)| created.as_millisecond()),
            ),
            column(numbers),
        ];
        pipeline.add(sql, values).await?;
        Ok(())
    }

    async fn add_lanes<'rows>(&'rows self, pipeline: &mut Pipeline<'rows>) -> Result<(), Error> {
        let lanes = &self.lanes;
        if !lanes.is_empty() {
            let sql = "INSERT INTO lanes (owner_id, conversation_id, device_id, device_seq) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) \
                 ON CONFLICT (owner_id, conversation_id, device_id) DO UPDATE SET device_seq = EXCLUDED.device_seq";
            let values = vec![
                column(lanes.keys().map(|(owner, ..)| owner.as_uuid())),
                column(
                    lanes
                        .keys()
                        .map(|(_, conversation, _)| conversation.as_uuid()),
                ),
                column(lanes.keys().map(|(.., device)| device.as_str())),
                column(integers(lanes.values().copied(), "the lane's number")?),
            ];
            pipeline.add(sql, values).await?;
        }
        let refusals = &self.refusals;
        if !refusals.is_empty() {
            let sql = "INSERT INTO lane_refusals (owner_id, conversation_id, device_id, device_seq, item_id, kind, code) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[]) \
                 ON CONFLICT (owner_id, conversation_id, device_id, device_seq) DO UPDATE SET item_id = EXCLUDED.item_id, \
                 kind = EXCLUDED.kind, code = EXCLUDED.code";
            let kinds = || {
                refusals
                    .values()
                    .map(|facts| kind_and_code(facts.refused_as))
            };
            let values = vec![
                column(refusals.keys().map(|(owner, ..)| owner.as_uuid())),
                column(
                    refusals
                        .keys()
                        .map(|(_, conversation, ..)| conversation.as_uuid()),
                ),
                column(refusals.keys().map(|(_, _, device, _)| device.as_str())),
                column(integers(
                    refusals.keys().map(|(.., number)| *number),
                    "the lane's number",
                )?),
                column(
                    refusals
                        .values()
                        .map(|facts| facts.id.map(|id| id.as_uuid())),
                ),
                column(kinds().map(|(kind, _)| kind)),
                column(kinds().map(|(_, code)| code)),
            ];
            pipeline.add(sql, values).await?;
        }
        Ok(())
    }

    async fn add_changes<'rows>(&'rows self, pipeline: &mut Pipeline<'rows>) -> Result<(), Error> {
        let changes = &self.changes;
        if changes.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO changes (owner_id, id, conversation_id, kind, message_id, content_before, fingerprint, seq, device_id, \
             device_seq, applied_at) \
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bytea[], $8::bigint[], $9::text[], \
             $10::bigint[], $11::bigint[]) \
             ON CONFLICT (owner_id, id) DO UPDATE SET conversation_id = EXCLUDED.conversation_id, kind = EXCLUDED.kind, \
             message_id = EXCLUDED.message_id, content_before = EXCLUDED.content_before, fingerprint = EXCLUDED.fingerprint, \
             seq = EXCLUDED.seq, device_id = EXCLUDED.device_id, device_seq = EXCLUDED.device_seq, applied_at = EXCLUDED.applied_at";
        let of = || changes.values();
        let device_seqs = of()
            .map(|change| device_seq(change.lane.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let values = vec![
            column(changes.keys().map(|(owner, _)| owner.as_uuid())),
            column(changes.keys().map(|(_, id)| id.as_uuid())),
            column(of().map(|change| change.conversation.as_uuid())),
            column(of().map(|change| change.kind.as_str())),
            column(of().map(|change| change.message.map(|id| id.as_uuid()))),
            column(of().map(|change| change.before.as_deref())),
            column(of().map(|change| &change.fingerprint.0[..])),
            column(integers(
                of().map(|change| change.seq),
                "a message's place",
            )?),
            column(of().map(|change| device(change.lane.as_ref()))),
            column(device_seqs),
            column(of().map(|change| change.applied_at.as_millisecond())),
        ];
        pipeline.add(sql, values).await?;
        Ok(())
    }

    async fn add_feed<'rows>(&'rows self, pipeline: &mut Pipeline<'rows>) -> Result<(), Error> {
        let feed = &self.feed;
        if feed.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO feed (owner_id, seq, at, kind, subject_id) \
             SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::uuid[]) \
             ON CONFLICT (owner_id, seq) DO UPDATE SET at = EXCLUDED.at, kind = EXCLUDED.kind, subject_id = EXCLUDED.subject_id";
        let subjects = || feed.values().map(|(_, subject)| subject_columns(*subject));
        let values = vec![
            column(feed.keys().map(|(owner, _)| owner.as_uuid())),
            column(integers(
                feed.keys().map(|(_, seq)| *seq),
                "a feed's number",
            )?),
            column(feed.values().map(|(at, _)| at.as_millisecond())),
            column(subjects().map(|(kind, _)| kind)),
            column(subjects().map(|(_, id)| id)),
        ];
        pipeline.add(sql, values).await?;
        Ok(())
    }
}
