//! Putting a plan into the rows of the group.

use manent_domain::append::{
    AppendPlan, ChangeFacts, ChangeKind, ConversationTouch, NewItem, PlannedChange, PlannedMessage,
    Submission,
};
use manent_domain::conversation::TitleSource;
use manent_types::{DeviceId, Part, Timestamp, UserId};

use super::prepared::{PreparedBatch, words};
use crate::error::Error;
use crate::rows::unreadable;
use crate::workspace::{Birth, ChangeRow, MadeBy, MessageRow, WordsChange, Workspace};

/// Writes a plan, all but its feed entries.
pub(crate) fn write(
    workspace: &mut Workspace,
    owner: UserId,
    batch: &PreparedBatch,
    plan: &AppendPlan,
    now: Timestamp,
) -> Result<(), Error> {
    for planned in &plan.messages {
        insert(workspace, owner, batch, *planned, now)?;
    }
    for touch in &plan.touches {
        touch_conversation(workspace, owner, touch, now);
    }
    for planned in &plan.changes {
        apply(workspace, owner, batch, *planned, now)?;
    }
    for lane in &plan.lanes {
        let key = (owner, lane.conversation, lane.device.clone());
        workspace.move_lane(key, lane.device_seq);
    }
    for refusal in &plan.refusals {
        let lane = (owner, refusal.conversation, refusal.position.device.clone());
        workspace.remember_refusal((lane, refusal.position.device_seq), refusal.facts);
    }
    Ok(())
}

const fn misplaced() -> Error {
    Error::Unfit {
        what: "a plan that names another item",
    }
}

fn lane_of(submission: &Submission) -> Option<(DeviceId, u64)> {
    let lane = submission.lane.as_ref()?;
    Some((lane.device.clone(), lane.device_seq))
}

fn insert(
    workspace: &mut Workspace,
    owner: UserId,
    batch: &PreparedBatch,
    planned: PlannedMessage,
    now: Timestamp,
) -> Result<(), Error> {
    let (Some(submission), Some(Some(texts))) = (
        batch.submissions.get(planned.item),
        batch.texts.get(planned.item),
    ) else {
        return Err(misplaced());
    };
    let Some(message) = submission.message() else {
        return Err(misplaced());
    };
    let mut row = MessageRow {
        conversation: submission.conversation,
        parent: planned.parent,
        seq: planned.seq,
        role: message.role,
        status: message.status,
        fingerprint: message.fingerprint,
        run: batch.run.map(|(run, _)| run),
        run_position: batch.run.map_or(0, |(_, position)| position),
        edited_at: None,
        deleted_at: None,
        content: Some(texts.content.clone()),
        is_rewritten: true,
        extras: texts.extras.clone(),
        is_annotated: false,
        made_by: Some(MadeBy {
            model: message.model.clone(),
            provider: message.provider.clone(),
            usage: texts.usage.clone(),
        }),
        birth: Some(Birth {
            lane: lane_of(submission),
            created_at: message.created_at.unwrap_or(now),
            stored_at: now,
        }),
        words: texts.words.clone(),
    };
    if !row.is_findable() {
        row.words = WordsChange::Clear;
    }
    workspace.add_message((owner, message.id), row);
    Ok(())
}

fn touch_conversation(
    workspace: &mut Workspace,
    owner: UserId,
    touch: &ConversationTouch,
    now: Timestamp,
) {
    let Some(row) = workspace.conversation_mut((owner, touch.id)) else {
        return;
    };
    let conversation = &mut row.conversation;
    conversation.last_seq = touch.last_seq;
    conversation.updated_at = conversation.updated_at.max(now);
    if touch.has_messages {
        conversation.last_message_at = conversation.last_message_at.max(now);
    }
    if let Some(title) = &touch.cut_title {
        conversation.title = Some(title.clone());
        conversation.title_source = TitleSource::Cut;
    }
    match touch.trash {
        Some(true) => conversation.trashed_at = conversation.trashed_at.or(Some(now)),
        Some(false) => conversation.trashed_at = None,
        None => {}
    }
}

/// Applies a change and remembers it.
fn apply(
    workspace: &mut Workspace,
    owner: UserId,
    batch: &PreparedBatch,
    planned: PlannedChange,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(submission) = batch.submissions.get(planned.item) else {
        return Err(misplaced());
    };
    let Ok(NewItem::Change(change)) = &submission.body else {
        return Err(misplaced());
    };
    let mut before = None;
    if let Some(id) = change.kind.message()
        // Absent while its content is not loaded: then all of this is done again.
        && let Some(row) = workspace.message_with_content((owner, id))
    {
        match &change.kind {
            ChangeKind::Edit { .. } => {
                let Some(Some(texts)) = batch.texts.get(planned.item) else {
                    return Err(misplaced());
                };
                before = row.content.as_deref().map(str::to_owned);
                row.content = Some(texts.content.clone());
                row.is_rewritten = true;
                row.edited_at = Some(now);
            }
            ChangeKind::Delete { .. } => row.deleted_at = row.deleted_at.or(Some(now)),
            ChangeKind::Undelete { .. } => row.deleted_at = None,
            ChangeKind::Trash | ChangeKind::Restore => {}
        }
        index(owner, row)?;
    }
    let row = ChangeRow {
        id: change.id,
        kind: change.kind.name(),
        message: change.kind.message(),
        before,
        facts: ChangeFacts {
            conversation: submission.conversation,
            fingerprint: change.fingerprint,
            seq: planned.seq,
        },
        lane: lane_of(submission),
        applied_at: now,
    };
    workspace.remember_change(owner, row);
    Ok(())
}

/// Brings the search up to date with a message whose content is there.
pub(crate) fn index(owner: UserId, row: &mut MessageRow) -> Result<(), Error> {
    row.words = if row.is_findable() {
        let content = row.content.as_deref().unwrap_or("[]");
        let parts: Vec<Part> =
            serde_json::from_str(content).map_err(|_| unreadable("messages.content"))?;
        words(owner, &parts)
    } else {
        WordsChange::Clear
    };
    Ok(())
}
