//! Writing what was decided about a run.

use manent_domain::run::{
    AnswerContent, AnswerFacts, AnswerPlan, AnswerWrite, ProgressPlan, Run, plan_answer,
};
use manent_types::{ConversationId, MessageId, MessageStatus, Timestamp, UserId};

use crate::facts::MemoryFacts;
use crate::messages;
use crate::state::State;
use crate::unit::Unit;

/// Writes a run's progress and its answer, all but the feed entries.
pub(super) fn progress(
    unit: &mut Unit<'_>,
    owner: UserId,
    plan: &ProgressPlan,
    now: Timestamp,
) -> AnswerPlan {
    let run = &plan.run;
    if let Some(stored) = unit.state.run_mut(owner, run.id) {
        stored.run.clone_from(run);
        if let Some(position) = plan.removed_end {
            stored.log.remove(&position);
        }
        if let Some(first) = plan.events.first() {
            stored.log.insert(first.position, plan.events.clone());
        }
    }
    if plan.is_turned || !plan.events.is_empty() {
        unit.run_went_on(owner, run.id);
    }
    let existing = answer_facts(unit.state, owner, run);
    let mut facts = MemoryFacts {
        state: unit.state,
        owner,
        now,
    };
    let Ok(answer) = plan_answer(&mut facts, plan, existing);
    match &answer.write {
        AnswerWrite::Nothing => {}
        AnswerWrite::Insert {
            submission,
            plan,
            position,
        } => {
            let submissions = std::slice::from_ref(submission);
            messages::write(unit.state, owner, submissions, plan, now);
            if let Some(stored) = unit.state.messages.last_mut() {
                stored.message.run = Some(run.id);
                stored.run_position = *position;
            }
        }
        AnswerWrite::Update {
            conversation,
            message,
            status,
            content,
        } => {
            update(unit.state, owner, *message, *status, content.as_ref());
            if plan.is_turned {
                touch(unit.state, owner, *conversation, now);
            }
        }
    }
    answer
}

fn answer_facts(state: &State, owner: UserId, run: &Run) -> Option<AnswerFacts> {
    let stored = state.message(owner, run.record?.message)?;
    Some(AnswerFacts {
        conversation: stored.message.conversation,
        seq: stored.message.seq,
        role: stored.message.role,
        status: stored.message.status,
        run: stored.message.run,
        position: stored.run_position,
        is_edited: stored.message.edited_at.is_some(),
    })
}

fn update(
    state: &mut State,
    owner: UserId,
    message: MessageId,
    status: MessageStatus,
    content: Option<&AnswerContent>,
) {
    let Some(stored) = state.message_mut(owner, message) else {
        return;
    };
    stored.message.status = status;
    if let Some(answer) = content {
        stored.message.content.clone_from(&answer.content);
        stored.message.usage = answer.usage;
        stored.message.model.clone_from(&answer.model);
        stored.message.provider.clone_from(&answer.provider);
        stored.fingerprint = answer.fingerprint;
        stored.run_position = answer.position;
    }
}

fn touch(state: &mut State, owner: UserId, id: ConversationId, now: Timestamp) {
    if let Some(conversation) = state.conversation_mut(owner, id) {
        conversation.updated_at = conversation.updated_at.max(now);
    }
}
