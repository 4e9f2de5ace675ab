//! Append: the domain decides over the rows of the group, and the plan goes into them.

mod facts;
mod prepared;
mod write;

use manent_domain::append::{AppendPlan, plan};
use manent_domain::ports::StoreError;
use manent_types::{Timestamp, UserId};

pub(crate) use facts::WorkspaceFacts;
pub(crate) use prepared::{PreparedBatch, PreparedTexts};
pub(crate) use write::{index, write};

use crate::writer::WriteQueue;

/// Plans and writes a batch.
pub(crate) async fn append(
    writes: &WriteQueue,
    owner: UserId,
    batch: PreparedBatch,
    now: Timestamp,
) -> Result<AppendPlan, StoreError> {
    let bytes = batch.bytes();
    let batch = std::sync::Arc::new(batch);
    let wanted = std::sync::Arc::clone(&batch);
    writes
        .run(
            owner,
            bytes,
            move |keys| wanted.want(owner, keys),
            move |workspace| {
                let mut facts = WorkspaceFacts {
                    workspace,
                    owner,
                    now,
                };
                let Ok(plan) = plan(&mut facts, &batch.submissions);
                if workspace.is_gone(owner) {
                    return Ok(plan);
                }
                write(workspace, owner, &batch, &plan, now)?;
                if !plan.lanes.is_empty() {
                    workspace.ensure_user(owner, now);
                }
                workspace.changed(owner, plan.subjects(&batch.submissions), now);
                Ok(plan)
            },
        )
        .await
}
