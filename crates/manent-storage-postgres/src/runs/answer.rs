//! The messages that runs write. The search knows such a message once it is at its end.

use manent_domain::append::{AppendFacts, ParentRef};
use manent_domain::run::{AnswerFacts, AnswerWrite, ProgressPlan, RecordTarget, Run};
use manent_types::{MessageStatus, Timestamp, UserId};

use crate::append::{self, PreparedBatch, PreparedTexts, WorkspaceFacts, index};
use crate::error::Error;
use crate::workspace::{MadeBy, WordsChange, Workspace};

/// The owner's message with the id of the run's record.
pub(super) fn find(workspace: &mut Workspace, owner: UserId, run: &Run) -> Option<AnswerFacts> {
    let row = workspace.message((owner, run.record?.message))?;
    Some(AnswerFacts {
        conversation: row.conversation,
        seq: row.seq,
        role: row.role,
        status: row.status,
        run: row.run,
        position: row.run_position,
        is_edited: row.edited_at.is_some(),
    })
}

/// Asks for what the insertion of an answer needs.
pub(super) fn ask(facts: &mut WorkspaceFacts<'_>, target: RecordTarget) {
    let Ok(_) = facts.conversation(target.conversation);
    match target.parent {
        ParentRef::Newest => {
            let Ok(_) = facts.newest_message(target.conversation);
        }
        ParentRef::Root => {}
        ParentRef::Message(parent) => {
            let Ok(_) = facts.message(parent);
        }
    }
}

/// Writes what was decided about the answer. `prepared` are the texts of the wished content, where they were made ready.
pub(super) fn write(
    workspace: &mut Workspace,
    owner: UserId,
    plan: &ProgressPlan,
    write: &AnswerWrite,
    prepared: Option<&PreparedTexts>,
    now: Timestamp,
) -> Result<(), Error> {
    match write {
        AnswerWrite::Nothing => Ok(()),
        AnswerWrite::Insert {
            submission,
            plan: append_plan,
            position,
        } => {
            let run = plan.run.id;
            let batch =
                PreparedBatch::of_answer(owner, submission.clone(), prepared, run, *position)?;
            append::write(workspace, owner, &batch, append_plan, now)
        }
        AnswerWrite::Update {
            conversation,
            message,
            status,
            content,
        } => {
            let key = (owner, *message);
            let Some(row) = workspace.message_mut(key) else {
                return Ok(());
            };
            let was_running = row.status == MessageStatus::Running;
            row.status = *status;
            if let Some(answer) = content {
                let made;
                let texts = if let Some(prepared) = prepared {
                    prepared
                } else {
                    made = PreparedTexts::of(owner, &answer.content, answer.usage.as_ref())?;
                    &made
                };
                row.content = Some(texts.content.clone());
                row.is_rewritten = true;
                row.made_by = Some(MadeBy {
                    model: answer.model.clone(),
                    provider: answer.provider.clone(),
                    usage: texts.usage.clone(),
                });
                row.fingerprint = answer.fingerprint;
                row.run_position = answer.position;
                row.words = if row.is_findable() {
                    texts.words.clone()
                } else {
                    WordsChange::Clear
                };
            } else if was_running != (*status == MessageStatus::Running) {
                // Absent while its content is not loaded: then all of this is done again.
                if let Some(row) = workspace.message_with_content(key) {
                    index(owner, row)?;
                }
            }
            if plan.is_turned
                && let Some(row) = workspace.conversation_mut((owner, *conversation))
            {
                let conversation = &mut row.conversation;
                conversation.updated_at = conversation.updated_at.max(now);
            }
            Ok(())
        }
    }
}
