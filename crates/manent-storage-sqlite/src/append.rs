//! Append: the facts are read, the domain decides, the plan is written, all inside one savepoint.

mod changes;
mod facts;
mod prepared;
mod write;

use manent_domain::append::{AppendPlan, plan};
use manent_types::{Timestamp, UserId};

pub(crate) use facts::{ConversationRows, SqliteFacts, kind_and_code, refusal_facts};
pub(crate) use prepared::{PreparedBatch, PreparedTexts};
pub(crate) use write::write;

use crate::error::Error;
use crate::writer::Unit;

/// The row of an owner who has none.
const NOBODY: i64 = 0;

/// Plans and writes a batch.
pub(crate) fn append(
    unit: &mut Unit<'_>,
    owner: UserId,
    batch: &PreparedBatch,
    now: Timestamp,
) -> Result<AppendPlan, Error> {
    let known = unit.known_owner(owner)?;
    let mut facts = SqliteFacts::new(unit.connection, known.map_or(NOBODY, |known| known.pk), now);
    let plan = plan(&mut facts, &batch.submissions)?;
    let conversations = facts.into_conversations();
    if known.is_none() && (plan.lanes.is_empty() || unit.is_gone(owner)?) {
        // Whoever owns nothing can only use up numbers of a lane; whoever is gone not even that.
        return Ok(plan);
    }
    let owner = unit.owner(owner, now)?;
    write(unit, owner, &conversations, batch, &plan, now)?;
    Ok(plan)
}
