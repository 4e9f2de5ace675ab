//! Append: the facts are read, the domain decides, the plan is written, all inside one savepoint.

mod changes;
mod facts;
mod prepared;
mod write;

use manent_domain::append::{AppendPlan, plan};
use manent_types::{Timestamp, UserId};

pub(crate) use facts::{ConversationRows, SqliteFacts};
pub(crate) use prepared::{PreparedBatch, PreparedTexts};
pub(crate) use write::write;

use crate::error::Error;
use crate::writer::Unit;

/// Plans and writes a batch.
pub(crate) fn append(
    unit: &mut Unit<'_>,
    owner: UserId,
    batch: &PreparedBatch,
    now: Timestamp,
) -> Result<AppendPlan, Error> {
    let owner = unit.owner(owner, now)?;
    let mut facts = SqliteFacts::new(unit.connection, owner.pk);
    let plan = plan(&mut facts, &batch.submissions)?;
    let conversations = facts.into_conversations();
    write(unit, owner, &conversations, batch, &plan, now)?;
    Ok(plan)
}
