//! Runs whose process is dead.

use manent_domain::run::plan_interruption;
use manent_types::{NodeId, RunId, Timestamp, UserId};
use rusqlite::params;

use super::record::{Texts, write};
use super::{log, row};
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
    let sql = dead_runs();
    let mut statement = unit.connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![
        node.to_string(),
        heard_before.as_millisecond(),
        to_integer(limit as u64, "the limit")?,
    ])?;
    let mut dead = Vec::new();
    while let Some(row) = found.next()? {
        let owner = Owner {
            id: parsed(row, 18, "users.id")?,
            pk: row.get(17)?,
        };
        dead.push((owner, row::stored_run(row)?));
    }
    drop(found);
    let mut interrupted = Vec::with_capacity(dead.len());
    for (owner, stored) in dead {
        let log = log::read_all(unit.connection, stored.newest_batch)?;
        let events = log.iter().map(|logged| &logged.event);
        let plan = plan_interruption(&stored.run, events, now);
        write(unit, owner, &stored, &plan, Texts::default(), now)?;
        interrupted.push((owner.id, stored.run.id));
    }
    Ok(interrupted)
}

/// The running runs of other nodes that were not heard of, by the index of those that run.
fn dead_runs() -> String {
    let columns = row::stored_run_columns();
    format!(
        "SELECT {columns}, owner_pk, (SELECT users.id FROM users WHERE users.pk = runs.owner_pk) FROM runs \
         WHERE status = 'running' AND node_id <> ?1 AND heartbeat_at < ?2 ORDER BY pk LIMIT ?3"
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::schema;

    #[test]
    fn the_dead_are_looked_for_among_those_that_run_only() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", dead_runs());
        let mut statement = connection.prepare(&sql).unwrap();
        let steps = statement.query_map(params!["", 0, 1], |row| row.get(3));
        let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(
            steps.first().map(String::as_str),
            Some("SEARCH runs USING INDEX runs_running (status=?)"),
            "{steps:?}"
        );
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE")),
            "{steps:?}"
        );
    }
}
