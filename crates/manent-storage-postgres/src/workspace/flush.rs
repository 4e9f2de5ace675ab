//! Writing what the work changed: one statement with a part for each kind of change, and the commit with it in one round trip.

use deadpool_postgres::ClientWrapper;
use manent_types::{MessageStatus, Timestamp, UserId};

use super::feed::subject_columns;
use super::message_row::{MessageRow, WordsChange};
use super::{ConversationKey, ConversationRow, MessageKey, RunKey, Workspace};
use crate::error::{Error, to_integer};
use crate::pipeline::{Parts, Pipeline, column, value};
use crate::refusal_rows::kind_and_code;
use crate::run_rows::{
    conversation_column, message_column, name_column, outcome_column, parent_column,
};
use crate::search::words::tsvector_of_title;

/// A new row's place among what is found: the millisecond, then the order of the writing.
pub(crate) const PLACE: &str = "(GREATEST(new.at, 0) << 21) | (nextval('places') & 2097151)";

/// Who writes a group, and how many groups it has written with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GroupMark {
    pub(crate) instance: i64,
    pub(crate) writer: i32,
    pub(crate) groups: i64,
}

fn counts<'row, T: 'row>(
    rows: impl IntoIterator<Item = T>,
    count: impl Fn(T) -> u64,
    what: &'static str,
) -> Result<Vec<i64>, Error> {
    rows.into_iter()
        .map(|row| to_integer(count(row), what))
        .collect()
}

fn millisecond(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millisecond)
}

impl Workspace {
    /// Writes everything and commits.
    pub(crate) async fn commit(
        &self,
        client: &ClientWrapper,
        mark: GroupMark,
    ) -> Result<(), Error> {
        let mut pipeline = Pipeline::new(client);
        // Before the one statement in which the others are parts: what they take away may come again.
        self.add_removals(&mut pipeline).await?;
        let mut parts = Parts::default();
        self.add_users(&mut parts)?;
        self.add_conversations(&mut parts)?;
        self.add_messages(&mut parts)?;
        self.add_lanes(&mut parts)?;
        self.add_changes(&mut parts)?;
        self.add_runs(&mut parts)?;
        self.add_logs(&mut parts)?;
        self.add_feed(&mut parts)?;
        let sql =
            "UPDATE writers SET groups = $3, active_at = now() WHERE instance = $1 AND writer = $2";
        let values = vec![value(mark.instance), value(mark.writer), value(mark.groups)];
        parts.add(sql, values);
        let (sql, values) = parts.join();
        pipeline.add(&sql, values).await?;
        pipeline.add("COMMIT", Vec::new()).await?;
        pipeline.run().await?;
        Ok(())
    }

    fn add_users<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let (known, new): (Vec<_>, Vec<_>) = self
            .changed
            .users
            .iter()
            .partition(|(id, _)| self.stored.users.contains_key(id));
        if !new.is_empty() {
            let sql = "INSERT INTO users (id, created_at, feed_seq) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])";
            let values = vec![
                column(new.iter().map(|(id, _)| id.as_uuid())),
                column(new.iter().map(|(_, user)| user.created_at.as_millisecond())),
                column(counts(&new, |(_, user)| user.feed_seq, "a feed's number")?),
            ];
            parts.add(sql, values);
        }
        if !known.is_empty() {
            let sql = "UPDATE users SET feed_seq = new.feed_seq FROM unnest($1::uuid[], $2::bigint[]) AS new (id, feed_seq) \
                 WHERE users.id = new.id";
            let values = vec![
                column(known.iter().map(|(id, _)| id.as_uuid())),
                column(counts(
                    &known,
                    |(_, user)| user.feed_seq,
                    "a feed's number",
                )?),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }

    fn add_conversations<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let new: Vec<(&ConversationKey, &ConversationRow)> = self
            .changed
            .new_conversations
            .iter()
            .filter_map(|key| Some((key, self.changed.conversations.get(key)?)))
            .collect();
        if !new.is_empty() {
            let sql = format!(
                "INSERT INTO conversations (owner_id, id, title, title_source, config, archived, pinned, trashed_at, last_seq, created_at, \
                 updated_at, last_message_at, words, place) \
                 SELECT new.owner_id, new.id, new.title, new.title_source, new.config, new.archived, new.pinned, new.trashed_at, new.last_seq, \
                 new.at, new.updated_at, new.last_message_at, new.words::tsvector, {PLACE} \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::bigint[], $9::bigint[], \
                 $10::bigint[], $11::bigint[], $12::bigint[], $13::text[]) AS new (owner_id, id, title, title_source, config, archived, pinned, \
                 trashed_at, last_seq, at, updated_at, last_message_at, words)"
            );
            let of = || new.iter().map(|(_, row)| &row.conversation);
            let values = vec![
                column(new.iter().map(|(key, _)| key.0.as_uuid())),
                column(of().map(|row| row.id.as_uuid())),
                column(of().map(|row| row.title.as_deref())),
                column(of().map(|row| row.title_source.as_str())),
                column(configs(new.iter().map(|(_, row)| *row))?),
                column(of().map(|row| row.archived)),
                column(of().map(|row| row.pinned)),
                column(of().map(|row| millisecond(row.trashed_at))),
                column(counts(of(), |row| row.last_seq, "a conversation's length")?),
                column(of().map(|row| row.created_at.as_millisecond())),
                column(of().map(|row| row.updated_at.as_millisecond())),
                column(of().map(|row| row.last_message_at.as_millisecond())),
                column(title_words(&new)),
            ];
            parts.add(&sql, values);
        }
        let (touched, changed): (Vec<_>, Vec<_>) = self
            .changed
            .conversations
            .iter()
            .filter_map(|(key, row)| Some((key, row, self.stored_conversation(*key)?)))
            .partition(|(_, row, before)| is_touched_only(row, before));
        if !touched.is_empty() {
            let sql = "UPDATE conversations SET trashed_at = new.trashed_at, last_seq = new.last_seq, updated_at = new.updated_at, \
                 last_message_at = new.last_message_at \
                 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
                 AS new (owner_id, id, trashed_at, last_seq, updated_at, last_message_at) \
                 WHERE conversations.owner_id = new.owner_id AND conversations.id = new.id";
            let of = || touched.iter().map(|(_, row, _)| &row.conversation);
            let values = vec![
                column(touched.iter().map(|(key, ..)| key.0.as_uuid())),
                column(of().map(|row| row.id.as_uuid())),
                column(of().map(|row| millisecond(row.trashed_at))),
                column(counts(of(), |row| row.last_seq, "a conversation's length")?),
                column(of().map(|row| row.updated_at.as_millisecond())),
                column(of().map(|row| row.last_message_at.as_millisecond())),
            ];
            parts.add(sql, values);
        }
        if !changed.is_empty() {
            let sql = "UPDATE conversations SET title = new.title, title_source = new.title_source, \
                 config = COALESCE(new.config, conversations.config), archived = new.archived, pinned = new.pinned, \
                 trashed_at = new.trashed_at, last_seq = new.last_seq, updated_at = new.updated_at, last_message_at = new.last_message_at, \
                 words = new.words::tsvector \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::bigint[], $9::bigint[], \
                 $10::bigint[], $11::bigint[], $12::text[]) AS new (owner_id, id, title, title_source, config, archived, pinned, trashed_at, \
                 last_seq, updated_at, last_message_at, words) \
                 WHERE conversations.owner_id = new.owner_id AND conversations.id = new.id";
            let of = || changed.iter().map(|(_, row, _)| &row.conversation);
            let rows: Vec<_> = changed.iter().map(|(key, row, _)| (*key, *row)).collect();
            let values = vec![
                column(changed.iter().map(|(key, ..)| key.0.as_uuid())),
                column(of().map(|row| row.id.as_uuid())),
                column(of().map(|row| row.title.as_deref())),
                column(of().map(|row| row.title_source.as_str())),
                column(configs(rows.iter().map(|(_, row)| *row))?),
                column(of().map(|row| row.archived)),
                column(of().map(|row| row.pinned)),
                column(of().map(|row| millisecond(row.trashed_at))),
                column(counts(of(), |row| row.last_seq, "a conversation's length")?),
                column(of().map(|row| row.updated_at.as_millisecond())),
                column(of().map(|row| row.last_message_at.as_millisecond())),
                column(title_words(&rows)),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }

    fn stored_conversation(&self, key: ConversationKey) -> Option<&ConversationRow> {
        self.stored.conversations.get(&key)?.as_ref()
    }

    fn add_messages<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let new: Vec<(&MessageKey, &MessageRow)> = self
            .changed
            .new_messages
            .iter()
            .filter_map(|key| Some((key, self.changed.messages.get(key)?)))
            .collect();
        if !new.is_empty() {
            let sql = format!(
                "INSERT INTO messages (owner_id, id, conversation_id, parent_id, seq, role, content, status, model, provider, usage, fingerprint, \
                 device_id, device_seq, created_at, stored_at, run_id, run_position, edited_at, deleted_at, words, place) \
                 SELECT new.owner_id, new.id, new.conversation_id, new.parent_id, new.seq, new.role, new.content, new.status, new.model, \
                 new.provider, new.usage, new.fingerprint, new.device_id, new.device_seq, new.created_at, new.at, new.run_id, new.run_position, \
                 new.edited_at, new.deleted_at, new.words::tsvector, {PLACE} \
                 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], \
                 $10::text[], $11::text[], $12::bytea[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::uuid[], $18::bigint[], \
                 $19::bigint[], $20::bigint[], $21::text[]) AS new (owner_id, id, conversation_id, parent_id, seq, role, content, status, model, \
                 provider, usage, fingerprint, device_id, device_seq, created_at, at, run_id, run_position, edited_at, deleted_at, words)"
            );
            let of = || new.iter().map(|(_, row)| *row);
            let births = || of().map(|row| row.birth.as_ref());
            let lanes = || births().map(|birth| birth.and_then(|birth| birth.lane.as_ref()));
            let device_seqs = lanes()
                .map(|lane| {
                    lane.map(|(_, device_seq)| to_integer(*device_seq, "the lane's number"))
                        .transpose()
                })
                .collect::<Result<Vec<_>, _>>()?;
            let made = || of().map(|row| row.made_by.as_ref());
            let values = vec![
                column(new.iter().map(|(key, _)| key.0.as_uuid())),
                column(new.iter().map(|(key, _)| key.1.as_uuid())),
                column(of().map(|row| row.conversation.as_uuid())),
                column(of().map(|row| row.parent.map(|id| id.as_uuid()))),
                column(counts(of(), |row| row.seq, "a message's place")?),
                column(of().map(|row| row.role.as_str())),
                column(of().map(|row| row.content.as_deref())),
                column(of().map(|row| row.status.as_str())),
                column(made().map(|made| name_column(made?.model.as_deref()))),
                column(made().map(|made| name_column(made?.provider.as_deref()))),
                column(made().map(|made| made?.usage.as_deref())),
                column(of().map(|row| &row.fingerprint.0[..])),
                column(lanes().map(|lane| Some(lane?.0.as_str()))),
                column(device_seqs),
                column(births().map(|birth| Some(birth?.created_at.as_millisecond()))),
                column(births().map(|birth| Some(birth?.stored_at.as_millisecond()))),
                column(of().map(|row| row.run.map(|id| id.as_uuid()))),
                column(counts(of(), |row| row.run_position, "a run's position")?),
                column(of().map(|row| millisecond(row.edited_at))),
                column(of().map(|row| millisecond(row.deleted_at))),
                column(of().map(|row| match &row.words {
                    WordsChange::Set(words) => Some(&**words),
                    WordsChange::Stay | WordsChange::Clear => None,
                })),
            ];
            parts.add(&sql, values);
        }
        let changed: Vec<(&MessageKey, &MessageRow)> = self
            .changed
            .messages
            .iter()
            .filter(|(_, row)| row.birth.is_none())
            .collect();
        if !changed.is_empty() {
            let sql = "UPDATE messages SET status = new.status, fingerprint = new.fingerprint, run_position = new.run_position, \
                 edited_at = new.edited_at, deleted_at = new.deleted_at, content = COALESCE(new.content, messages.content), \
                 model = CASE WHEN new.is_made THEN new.model ELSE messages.model END, \
                 provider = CASE WHEN new.is_made THEN new.provider ELSE messages.provider END, \
                 usage = CASE WHEN new.is_made THEN new.usage ELSE messages.usage END, \
                 words = CASE WHEN new.is_indexed THEN new.words::tsvector ELSE messages.words END \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::boolean[], \
                 $10::text[], $11::text[], $12::text[], $13::boolean[], $14::text[]) AS new (owner_id, id, status, fingerprint, run_position, \
                 edited_at, deleted_at, content, is_made, model, provider, usage, is_indexed, words) \
                 WHERE messages.id = new.id AND uuid_send(messages.owner_id) = uuid_send(new.owner_id)";
            let of = || changed.iter().map(|(_, row)| *row);
            let made = || of().map(|row| row.made_by.as_ref());
            let values = vec![
                column(changed.iter().map(|(key, _)| key.0.as_uuid())),
                column(changed.iter().map(|(key, _)| key.1.as_uuid())),
                column(of().map(|row| row.status.as_str())),
                column(of().map(|row| &row.fingerprint.0[..])),
                column(counts(of(), |row| row.run_position, "a run's position")?),
                column(of().map(|row| millisecond(row.edited_at))),
                column(of().map(|row| millisecond(row.deleted_at))),
                column(of().map(|row| row.content.as_deref().filter(|_| row.is_rewritten))),
                column(made().map(|made| made.is_some())),
                column(made().map(|made| name_column(made?.model.as_deref()))),
                column(made().map(|made| name_column(made?.provider.as_deref()))),
                column(made().map(|made| made?.usage.as_deref())),
                column(of().map(|row| row.words != WordsChange::Stay)),
                column(of().map(|row| match &row.words {
                    WordsChange::Set(words) => Some(&**words),
                    WordsChange::Stay | WordsChange::Clear => None,
                })),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }

    fn add_lanes<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let lanes = &self.changed.lanes;
        if !lanes.is_empty() {
            let sql = "INSERT INTO lanes (owner_id, conversation_id, device_id, device_seq) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) \
                 ON CONFLICT (owner_id, conversation_id, device_id) DO UPDATE SET device_seq = EXCLUDED.device_seq";
            let values = vec![
                column(lanes.keys().map(|key| key.0.as_uuid())),
                column(lanes.keys().map(|key| key.1.as_uuid())),
                column(lanes.keys().map(|key| key.2.as_str())),
                column(counts(
                    lanes.values(),
                    |number| *number,
                    "the lane's number",
                )?),
            ];
            parts.add(sql, values);
        }
        let refusals = &self.changed.refusals;
        if !refusals.is_empty() {
            let sql = "INSERT INTO lane_refusals (owner_id, conversation_id, device_id, device_seq, item_id, kind, code) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[])";
            let kinds = || {
                refusals
                    .values()
                    .map(|facts| kind_and_code(facts.refused_as))
            };
            let values = vec![
                column(refusals.keys().map(|(lane, _)| lane.0.as_uuid())),
                column(refusals.keys().map(|(lane, _)| lane.1.as_uuid())),
                column(refusals.keys().map(|(lane, _)| lane.2.as_str())),
                column(counts(
                    refusals.keys(),
                    |(_, number)| *number,
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
            parts.add(sql, values);
        }
        Ok(())
    }

    fn add_changes<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let changes = &self.changed.changes;
        if changes.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO changes (owner_id, id, conversation_id, kind, message_id, content_before, fingerprint, seq, device_id, \
             device_seq, applied_at) \
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bytea[], $8::bigint[], $9::text[], \
             $10::bigint[], $11::bigint[])";
        let of = || changes.iter().map(|(_, row)| row);
        let device_seqs = of()
            .map(|row| {
                row.lane
                    .as_ref()
                    .map(|(_, device_seq)| to_integer(*device_seq, "the lane's number"))
                    .transpose()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let values = vec![
            column(changes.iter().map(|(owner, _)| owner.as_uuid())),
            column(of().map(|row| row.id.as_uuid())),
            column(of().map(|row| row.facts.conversation.as_uuid())),
            column(of().map(|row| row.kind)),
            column(of().map(|row| row.message.map(|id| id.as_uuid()))),
            column(of().map(|row| row.before.as_deref())),
            column(of().map(|row| &row.facts.fingerprint.0[..])),
            column(counts(of(), |row| row.facts.seq, "a message's place")?),
            column(of().map(|row| Some(row.lane.as_ref()?.0.as_str()))),
            column(device_seqs),
            column(of().map(|row| row.applied_at.as_millisecond())),
        ];
        parts.add(sql, values);
        Ok(())
    }

    fn add_runs<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let new = &self.changed.new_runs;
        if !new.is_empty() {
            let runs: Vec<_> = new
                .iter()
                .filter_map(|key| Some((key.0, self.changed.runs.get(key)?)))
                .collect();
            let sql = "INSERT INTO runs (owner_id, id, node_id, conversation_id, message_id, parent, status, provider, model, last_position, \
                 stop_requested, outcome, started_at, heartbeat_at, ended_at, log_cleared) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], \
                 $10::bigint[], $11::boolean[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::boolean[])";
            let of = || runs.iter().map(|(_, run)| *run);
            let outcomes = of()
                .map(|run| outcome_column(run.end.as_ref()))
                .collect::<Result<Vec<_>, _>>()?;
            let values = vec![
                column(runs.iter().map(|(owner, _)| owner.as_uuid())),
                column(of().map(|run| run.id.as_uuid())),
                column(of().map(|run| run.node.as_uuid())),
                column(of().map(conversation_column)),
                column(of().map(message_column)),
                column(of().map(parent_column)),
                column(of().map(|run| run.status.as_str())),
                column(of().map(|run| name_column(run.provider.as_deref()))),
                column(of().map(|run| name_column(run.model.as_deref()))),
                column(counts(of(), |run| run.last_position, "a run's position")?),
                column(of().map(|run| run.stop_requested)),
                column(outcomes),
                column(of().map(|run| run.started_at.as_millisecond())),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
                column(of().map(|run| millisecond(run.ended_at))),
                column(of().map(|run| run.log_cleared)),
            ];
            parts.add(sql, values);
        }
        let (beating, turned): (Vec<_>, Vec<_>) = self
            .changed
            .runs
            .iter()
            .filter_map(|(key, run)| Some((*key, run, self.stored.runs.get(key)?.as_ref()?)))
            .filter(|(_, run, before)| run != before)
            .partition(|(_, run, before)| is_beat_only(run, before));
        if !beating.is_empty() {
            let sql = "UPDATE runs SET last_position = new.last_position, heartbeat_at = new.heartbeat_at \
                 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS new (owner_id, id, last_position, heartbeat_at) \
                 WHERE runs.owner_id = new.owner_id AND runs.id = new.id";
            let of = || beating.iter().map(|(_, run, _)| *run);
            let values = vec![
                column(beating.iter().map(|(key, ..)| key.0.as_uuid())),
                column(beating.iter().map(|(key, ..)| key.1.as_uuid())),
                column(counts(of(), |run| run.last_position, "a run's position")?),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
            ];
            parts.add(sql, values);
        }
        if !turned.is_empty() {
            let sql = "UPDATE runs SET last_position = new.last_position, heartbeat_at = new.heartbeat_at, status = new.status, \
                 provider = new.provider, model = new.model, stop_requested = new.stop_requested, outcome = new.outcome, \
                 ended_at = new.ended_at, log_cleared = new.log_cleared \
                 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::text[], \
                 $10::bigint[], $11::boolean[]) AS new (owner_id, id, last_position, heartbeat_at, status, provider, model, stop_requested, \
                 outcome, ended_at, log_cleared) \
                 WHERE runs.owner_id = new.owner_id AND runs.id = new.id";
            let of = || turned.iter().map(|(_, run, _)| *run);
            let outcomes = of()
                .map(|run| outcome_column(run.end.as_ref()))
                .collect::<Result<Vec<_>, _>>()?;
            let values = vec![
                column(turned.iter().map(|(key, ..)| key.0.as_uuid())),
                column(turned.iter().map(|(key, ..)| key.1.as_uuid())),
                column(counts(of(), |run| run.last_position, "a run's position")?),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
                column(of().map(|run| MessageStatus::as_str(run.status))),
                column(of().map(|run| name_column(run.provider.as_deref()))),
                column(of().map(|run| name_column(run.model.as_deref()))),
                column(of().map(|run| run.stop_requested)),
                column(outcomes),
                column(of().map(|run| millisecond(run.ended_at))),
                column(of().map(|run| run.log_cleared)),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }

    async fn add_removals<'rows>(&'rows self, pipeline: &mut Pipeline<'rows>) -> Result<(), Error> {
        let changed = &self.changed;
        if !changed.removed_events.is_empty() {
            let sql = "DELETE FROM run_events USING unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS gone (owner_id, run_id, first_position) \
                 WHERE run_events.owner_id = gone.owner_id AND run_events.run_id = gone.run_id \
                 AND run_events.first_position = gone.first_position";
            let removed = &changed.removed_events;
            let values = vec![
                column(removed.iter().map(|(key, _)| key.0.as_uuid())),
                column(removed.iter().map(|(key, _)| key.1.as_uuid())),
                column(counts(removed, |(_, first)| *first, "a run's position")?),
            ];
            pipeline.add(sql, values).await?;
        }
        if !changed.cleared_logs.is_empty() {
            let sql = "DELETE FROM run_events USING unnest($1::uuid[], $2::uuid[]) AS gone (owner_id, run_id) \
                 WHERE run_events.owner_id = gone.owner_id AND run_events.run_id = gone.run_id";
            let cleared: Vec<&RunKey> = changed.cleared_logs.iter().collect();
            let values = vec![
                column(cleared.iter().map(|key| key.0.as_uuid())),
                column(cleared.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(sql, values).await?;
        }
        Ok(())
    }

    fn add_logs<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let changed = &self.changed;
        if !changed.events.is_empty() {
            let sql = "INSERT INTO run_events (owner_id, run_id, first_position, last_position, events) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[])";
            let events = &changed.events;
            let values = vec![
                column(events.iter().map(|(key, _)| key.0.as_uuid())),
                column(events.iter().map(|(key, _)| key.1.as_uuid())),
                column(counts(
                    events,
                    |(_, batch)| batch.first,
                    "a run's position",
                )?),
                column(counts(events, |(_, batch)| batch.last, "a run's position")?),
                column(events.iter().map(|(_, batch)| batch.events.as_str())),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }

    fn add_feed<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let feed = &self.changed.feed;
        if feed.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO feed (owner_id, seq, at, kind, subject_id) \
             SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::uuid[])";
        let subjects = || feed.iter().map(|entry| subject_columns(entry.subject));
        let values = vec![
            column(feed.iter().map(|entry| UserId::as_uuid(&entry.owner))),
            column(counts(feed, |entry| entry.seq, "a feed's number")?),
            column(feed.iter().map(|entry| entry.at.as_millisecond())),
            column(subjects().map(|(kind, _)| kind)),
            column(subjects().map(|(_, id)| id)),
        ];
        parts.add(sql, values);
        Ok(())
    }
}

/// Whether only what an append changes was changed.
fn is_touched_only(row: &ConversationRow, before: &ConversationRow) -> bool {
    let (now, then) = (&row.conversation, &before.conversation);
    !row.is_reconfigured
        && now.title == then.title
        && now.title_source == then.title_source
        && now.archived == then.archived
        && now.pinned == then.pinned
}

/// Whether only what every flush changes was changed.
fn is_beat_only(run: &manent_domain::run::Run, before: &manent_domain::run::Run) -> bool {
    run.status == before.status
        && run.end == before.end
        && run.provider == before.provider
        && run.model == before.model
        && run.stop_requested == before.stop_requested
        && run.ended_at == before.ended_at
        && run.log_cleared == before.log_cleared
}

/// The settings to write as JSON; absent where they stay.
fn configs<'row>(
    rows: impl Iterator<Item = &'row ConversationRow>,
) -> Result<Vec<Option<String>>, Error> {
    rows.map(|row| {
        row.is_reconfigured
            .then(|| serde_json::to_string(&row.conversation.config))
            .transpose()
            .map_err(|_| Error::Unfit {
                what: "a conversation's settings",
            })
    })
    .collect()
}

fn title_words(rows: &[(&ConversationKey, &ConversationRow)]) -> Vec<Option<String>> {
    rows.iter()
        .map(|(key, row)| tsvector_of_title(key.0, row.conversation.title.as_deref()))
        .collect()
}
