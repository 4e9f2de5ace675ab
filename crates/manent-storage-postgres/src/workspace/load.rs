//! Loading rows: a statement for each kind of which there is something wanted, all of them in one round trip.

use deadpool_postgres::ClientWrapper;
use manent_domain::append::ChangeFacts;
use manent_domain::run::decode_events;
use manent_types::{DeviceId, UserId};
use tokio_postgres::Row;

use super::message_row::{MessageRow, WordsChange};
use super::wanted::Wanted;
use super::{ConversationRow, UserRow, Workspace};
use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, column};
use crate::refusal_rows::refusal_facts;
use crate::rows::{
    self, CONVERSATION_COLUMNS_AS_WANTED, conversation_id, count, fingerprint, get, message_id,
    message_id_option, parsed, run_id, run_id_option, timestamp, timestamp_option, user_id,
};
use crate::run_rows::{self, RUN_COLUMNS};

/// Locks the owners, always in the same order, so that no two groups wait for each other.
const LOCK: &str =
    "SELECT id, created_at, feed_seq FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

type Take = fn(&mut Workspace, &Row) -> Result<(), Error>;

impl Workspace {
    /// Begins a transaction, locks the owners and loads what is wanted.
    pub(crate) async fn begin(
        &mut self,
        client: &ClientWrapper,
        wanted: &Wanted,
    ) -> Result<(), Error> {
        let owners = wanted.owners.iter().map(UserId::as_uuid);
        let mut pipeline = Pipeline::new(client);
        pipeline.add("BEGIN", Vec::new()).await?;
        pipeline.add(LOCK, vec![column(owners)]).await?;
        let mut takes: Vec<Take> = vec![take_nothing, take_user];
        self.add_loads(&mut pipeline, wanted, &mut takes).await?;
        self.take(pipeline, &takes).await
    }

    /// Loads what else is wanted.
    pub(crate) async fn load(
        &mut self,
        client: &ClientWrapper,
        wanted: &Wanted,
    ) -> Result<(), Error> {
        let mut pipeline = Pipeline::new(client);
        let mut takes = Vec::new();
        self.add_loads(&mut pipeline, wanted, &mut takes).await?;
        self.take(pipeline, &takes).await
    }

    async fn take(&mut self, pipeline: Pipeline<'_>, takes: &[Take]) -> Result<(), Error> {
        for (rows, take) in pipeline.run().await?.iter().zip(takes) {
            for row in rows {
                take(self, row)?;
            }
        }
        Ok(())
    }

    async fn add_loads(
        &mut self,
        pipeline: &mut Pipeline<'_>,
        wanted: &Wanted,
        takes: &mut Vec<Take>,
    ) -> Result<(), Error> {
        if !wanted.conversations.is_empty() {
            let keys: Vec<_> = wanted.conversations.iter().collect();
            let stored = &mut self.stored.conversations;
            stored.extend(keys.iter().map(|(key, _)| (**key, None)));
            let sql = format!(
                "SELECT conversations.owner_id, {CONVERSATION_COLUMNS_AS_WANTED} \
                 FROM unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS wanted (owner_id, id, is_whole) \
                 JOIN conversations ON conversations.owner_id = wanted.owner_id AND conversations.id = wanted.id"
            );
            let values = vec![
                column(keys.iter().map(|(key, _)| key.0.as_uuid())),
                column(keys.iter().map(|(key, _)| key.1.as_uuid())),
                column(keys.iter().map(|(_, is_whole)| **is_whole)),
            ];
            pipeline.add(&sql, values).await?;
            takes.push(take_conversation);
        }
        if !wanted.newest.is_empty() {
            let stored = &mut self.stored.newest;
            stored.extend(wanted.newest.iter().map(|key| (*key, None)));
            let sql = "SELECT conversations.owner_id, conversations.id, messages.id \
                 FROM unnest($1::uuid[], $2::uuid[]) AS wanted (owner_id, id) \
                 JOIN conversations ON conversations.owner_id = wanted.owner_id AND conversations.id = wanted.id \
                 JOIN messages ON messages.owner_id = conversations.owner_id AND messages.conversation_id = conversations.id \
                 AND messages.seq = conversations.last_seq";
            let values = vec![
                column(wanted.newest.iter().map(|key| key.0.as_uuid())),
                column(wanted.newest.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_newest);
        }
        if !wanted.labelled.is_empty() {
            let stored = &mut self.stored.labelled;
            stored.extend(wanted.labelled.iter().map(|key| (key.clone(), Vec::new())));
            let sql = "SELECT conversations.owner_id, wanted.label, conversations.id \
                 FROM unnest($1::uuid[], $2::text[]) AS wanted (owner_id, label) \
                 JOIN conversations ON conversations.owner_id = wanted.owner_id AND conversations.labels IS NOT NULL \
                 AND wanted.label = ANY (conversations.labels)";
            let values = vec![
                column(wanted.labelled.iter().map(|key| key.0.as_uuid())),
                column(wanted.labelled.iter().map(|key| key.1.as_str().to_owned())),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_labelled);
        }
        if !wanted.messages.is_empty() {
            let keys: Vec<_> = wanted.messages.iter().collect();
            let stored = &mut self.stored.messages;
            stored.extend(keys.iter().map(|(key, _)| (**key, None)));
            let sql = "SELECT messages.owner_id, messages.id, messages.conversation_id, messages.parent_id, messages.seq, messages.role, \
                 messages.status, messages.fingerprint, messages.run_id, messages.run_position, messages.edited_at, messages.deleted_at, \
                 CASE WHEN wanted.is_whole THEN messages.content END, CASE WHEN wanted.is_whole THEN messages.extras END \
                 FROM unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS wanted (owner_id, id, is_whole) \
                 JOIN messages ON messages.id = wanted.id AND uuid_send(messages.owner_id) = uuid_send(wanted.owner_id)";
            let values = vec![
                column(keys.iter().map(|(key, _)| key.0.as_uuid())),
                column(keys.iter().map(|(key, _)| key.1.as_uuid())),
                column(keys.iter().map(|(_, is_whole)| **is_whole)),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_message);
        }
        if !wanted.lanes.is_empty() {
            let stored = &mut self.stored.lanes;
            stored.extend(wanted.lanes.iter().map(|key| (key.clone(), 0)));
            let sql = "SELECT lanes.owner_id, lanes.conversation_id, lanes.device_id, lanes.device_seq \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS wanted (owner_id, conversation_id, device_id) \
                 JOIN lanes ON lanes.owner_id = wanted.owner_id AND lanes.conversation_id = wanted.conversation_id \
                 AND lanes.device_id = wanted.device_id";
            let values = vec![
                column(wanted.lanes.iter().map(|key| key.0.as_uuid())),
                column(wanted.lanes.iter().map(|key| key.1.as_uuid())),
                column(wanted.lanes.iter().map(|key| key.2.to_string())),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_lane);
        }
        self.add_refusal_loads(pipeline, wanted, takes).await?;
        self.add_run_loads(pipeline, wanted, takes).await
    }

    async fn add_refusal_loads(
        &mut self,
        pipeline: &mut Pipeline<'_>,
        wanted: &Wanted,
        takes: &mut Vec<Take>,
    ) -> Result<(), Error> {
        if !wanted.refusals.is_empty() {
            let stored = &mut self.stored.refusals;
            stored.extend(wanted.refusals.iter().map(|key| (key.clone(), None)));
            let sql = "SELECT refusals.owner_id, refusals.conversation_id, refusals.device_id, refusals.device_seq, refusals.item_id, \
                 refusals.kind, refusals.code \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS wanted (owner_id, conversation_id, device_id, device_seq) \
                 JOIN lane_refusals AS refusals ON refusals.owner_id = wanted.owner_id AND refusals.conversation_id = wanted.conversation_id \
                 AND refusals.device_id = wanted.device_id AND refusals.device_seq = wanted.device_seq";
            let keys = &wanted.refusals;
            let numbers = keys
                .iter()
                .map(|(_, number)| to_integer(*number, "the lane's number"))
                .collect::<Result<Vec<_>, _>>()?;
            let values = vec![
                column(keys.iter().map(|(lane, _)| lane.0.as_uuid())),
                column(keys.iter().map(|(lane, _)| lane.1.as_uuid())),
                column(keys.iter().map(|(lane, _)| lane.2.to_string())),
                column(numbers),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_refusal);
        }
        if !wanted.refused.is_empty() {
            let stored = &mut self.stored.refused;
            stored.extend(wanted.refused.iter().map(|key| (*key, false)));
            let sql = "SELECT wanted.owner_id, wanted.id FROM unnest($1::uuid[], $2::uuid[]) AS wanted (owner_id, id) \
                 WHERE EXISTS (SELECT FROM lane_refusals AS refusals \
                 WHERE refusals.item_id = wanted.id AND uuid_send(refusals.owner_id) = uuid_send(wanted.owner_id))";
            let values = vec![
                column(wanted.refused.iter().map(|key| key.0.as_uuid())),
                column(wanted.refused.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_refused);
        }
        if !wanted.changes.is_empty() {
            let stored = &mut self.stored.changes;
            stored.extend(wanted.changes.iter().map(|key| (*key, None)));
            let sql = "SELECT changes.owner_id, changes.id, changes.conversation_id, changes.fingerprint, changes.seq \
                 FROM unnest($1::uuid[], $2::uuid[]) AS wanted (owner_id, id) \
                 JOIN changes ON changes.owner_id = wanted.owner_id AND changes.id = wanted.id";
            let values = vec![
                column(wanted.changes.iter().map(|key| key.0.as_uuid())),
                column(wanted.changes.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_change);
        }
        Ok(())
    }

    async fn add_run_loads(
        &mut self,
        pipeline: &mut Pipeline<'_>,
        wanted: &Wanted,
        takes: &mut Vec<Take>,
    ) -> Result<(), Error> {
        if !wanted.runs.is_empty() {
            let stored = &mut self.stored.runs;
            stored.extend(wanted.runs.iter().map(|key| (*key, None)));
            let sql = format!(
                "SELECT runs.owner_id, {RUN_COLUMNS} FROM unnest($1::uuid[], $2::uuid[]) AS wanted (owner_id, id) \
                 JOIN runs ON runs.owner_id = wanted.owner_id AND runs.id = wanted.id"
            );
            let values = vec![
                column(wanted.runs.iter().map(|key| key.0.as_uuid())),
                column(wanted.runs.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(&sql, values).await?;
            takes.push(take_run);
        }
        if !wanted.logs.is_empty() {
            let stored = &mut self.stored.logs;
            stored.extend(wanted.logs.iter().map(|key| (*key, Vec::new())));
            let sql = "SELECT run_events.owner_id, run_events.run_id, run_events.events \
                 FROM unnest($1::uuid[], $2::uuid[]) AS wanted (owner_id, id) \
                 JOIN run_events ON run_events.owner_id = wanted.owner_id AND run_events.run_id = wanted.id \
                 ORDER BY run_events.owner_id, run_events.run_id, run_events.first_position";
            let values = vec![
                column(wanted.logs.iter().map(|key| key.0.as_uuid())),
                column(wanted.logs.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(sql, values).await?;
            takes.push(take_events);
        }
        Ok(())
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of many functions of this form"
)]
fn take_nothing(_: &mut Workspace, _: &Row) -> Result<(), Error> {
    Ok(())
}

fn take_user(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let user = UserRow {
        created_at: timestamp(row, 1, "users.created_at")?,
        feed_seq: count(row, 2, "users.feed_seq")?,
    };
    let id = user_id(row, 0, "users.id")?;
    workspace.stored.users.insert(id, user);
    Ok(())
}

fn take_conversation(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let owner = user_id(row, 0, "conversations.owner_id")?;
    let (conversation, has_config) = rows::conversation(row, 1)?;
    let key = (owner, conversation.id);
    let row = ConversationRow {
        conversation,
        has_config,
        is_reconfigured: false,
    };
    workspace.stored.conversations.insert(key, Some(row));
    Ok(())
}

fn take_newest(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (
        user_id(row, 0, "conversations.owner_id")?,
        conversation_id(row, 1, "conversations.id")?,
    );
    let message = message_id(row, 2, "messages.id")?;
    workspace.stored.newest.insert(key, Some(message));
    Ok(())
}

fn take_labelled(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (
        user_id(row, 0, "conversations.owner_id")?,
        parsed(row, 1, "conversations.labels")?,
    );
    let id = conversation_id(row, 2, "conversations.id")?;
    workspace.stored.labelled.entry(key).or_default().push(id);
    Ok(())
}

fn take_message(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (
        user_id(row, 0, "messages.owner_id")?,
        message_id(row, 1, "messages.id")?,
    );
    let content: Option<&str> = get(row, 12, "messages.content")?;
    let extras: Option<&str> = get(row, 13, "messages.extras")?;
    let message = MessageRow {
        conversation: conversation_id(row, 2, "messages.conversation_id")?,
        parent: message_id_option(row, 3, "messages.parent_id")?,
        seq: count(row, 4, "messages.seq")?,
        role: parsed(row, 5, "messages.role")?,
        status: parsed(row, 6, "messages.status")?,
        fingerprint: fingerprint(row, 7, "messages.fingerprint")?,
        run: run_id_option(row, 8, "messages.run_id")?,
        run_position: count(row, 9, "messages.run_position")?,
        edited_at: timestamp_option(row, 10, "messages.edited_at")?,
        deleted_at: timestamp_option(row, 11, "messages.deleted_at")?,
        content: content.map(Into::into),
        is_rewritten: false,
        extras: extras.map(str::to_owned),
        is_annotated: false,
        made_by: None,
        birth: None,
        words: WordsChange::Stay,
    };
    workspace.stored.messages.insert(key, Some(message));
    Ok(())
}

/// The key of a lane from its first three columns.
fn lane_key(row: &Row) -> Result<super::LaneKey, Error> {
    let device: DeviceId = parsed(row, 2, "lanes.device_id")?;
    Ok((
        user_id(row, 0, "lanes.owner_id")?,
        conversation_id(row, 1, "lanes.conversation_id")?,
        device,
    ))
}

fn take_lane(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let applied = count(row, 3, "lanes.device_seq")?;
    workspace.stored.lanes.insert(lane_key(row)?, applied);
    Ok(())
}

fn take_refusal(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (lane_key(row)?, count(row, 3, "lane_refusals.device_seq")?);
    let facts = refusal_facts(row, 4)?;
    workspace.stored.refusals.insert(key, Some(facts));
    Ok(())
}

fn take_refused(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (
        user_id(row, 0, "lane_refusals.owner_id")?,
        message_id(row, 1, "lane_refusals.item_id")?,
    );
    workspace.stored.refused.insert(key, true);
    Ok(())
}

fn take_change(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (
        user_id(row, 0, "changes.owner_id")?,
        message_id(row, 1, "changes.id")?,
    );
    let facts = ChangeFacts {
        conversation: conversation_id(row, 2, "changes.conversation_id")?,
        fingerprint: fingerprint(row, 3, "changes.fingerprint")?,
        seq: count(row, 4, "changes.seq")?,
    };
    workspace.stored.changes.insert(key, Some(facts));
    Ok(())
}

fn take_run(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let owner = user_id(row, 0, "runs.owner_id")?;
    let run = run_rows::run(row, 1)?;
    workspace.stored.runs.insert((owner, run.id), Some(run));
    Ok(())
}

fn take_events(workspace: &mut Workspace, row: &Row) -> Result<(), Error> {
    let key = (
        user_id(row, 0, "run_events.owner_id")?,
        run_id(row, 1, "run_events.run_id")?,
    );
    let events = decode_events(get(row, 2, "run_events.events")?)
        .map_err(|_| rows::unreadable("run_events.events"))?;
    workspace.stored.logs.entry(key).or_default().extend(events);
    Ok(())
}
