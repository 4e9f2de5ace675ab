//! Runs whose process is dead.

use manent_domain::run::plan_interruption;
use manent_types::{NodeId, RunId, Timestamp, UserId};
use rusqlite::params;

use super::log;
use super::record::{Texts, write};
use super::row::{self, RUN_COLUMNS};
use crate::error::{Error, to_integer};
use crate::rows::parsed;
use crate::users::Owner;
use crate::writer::Unit;

/// Ends the runs of other nodes that were not heard of since a time; answers whose they were. The one writer is the compare-and-set.
pub(crate) fn interrupt_dead(
    unit: &mut Unit<'_>,
    node: NodeId,
    heard_before: Timestamp,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<(UserId, RunId)>, Error> {
    let sql = format!(
        "SELECT {RUN_COLUMNS}, pk, owner_pk, (SELECT users.id FROM users WHERE users.pk = runs.owner_pk) FROM runs \
         WHERE status = 'running' AND node_id <> ?1 AND heartbeat_at < ?2 ORDER BY pk LIMIT ?3"
    );
    let mut statement = unit.connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![
        node.to_string(),
        heard_before.as_millisecond(),
        to_integer(limit as u64, "the limit")?,
    ])?;
    let mut dead = Vec::new();
    while let Some(row) = found.next()? {
        let owner = Owner {
            id: parsed(row, 17, "users.id")?,
            pk: row.get(16)?,
        };
        dead.push((owner, row.get::<_, i64>(15)?, row::run(row)?));
    }
    drop(found);
    let mut interrupted = Vec::with_capacity(dead.len());
    for (owner, pk, run) in dead {
        let log = log::read_all(unit.connection, pk)?;
        let plan = plan_interruption(&run, log.iter().map(|logged| &logged.event), now);
        write(unit, owner, (pk, &run), &plan, Texts::default(), now)?;
        interrupted.push((owner.id, run.id));
    }
    Ok(interrupted)
}
