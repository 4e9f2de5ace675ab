//! Writing what the work changed: one statement with a part for each kind of change, and the commit with it in one round trip.

mod conversations;
mod messages;
mod runs;

use deadpool_postgres::ClientWrapper;
use manent_types::{Timestamp, UserId};

use super::Workspace;
use super::feed::subject_columns;
use crate::error::{Error, to_integer};
use crate::pipeline::{Parts, Pipeline, column, value};
use crate::refusal_rows::kind_and_code;

/// A new row's place among what is found: the millisecond, then the order of the writing.
pub(crate) const PLACE: &str = "(GREATEST(new.at, 0) << 21) | (nextval('places') & 2097151)";

/// A new row's labels, which come as a JSON array.
pub(crate) const LABELS: &str = "CASE WHEN new.labels IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(new.labels::jsonb)) END";

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
