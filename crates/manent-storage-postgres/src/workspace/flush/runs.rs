//! Parts that write runs and their logs.

use manent_types::MessageStatus;

use super::super::{RunKey, Workspace};
use super::{counts, millisecond};
use crate::error::Error;
use crate::pipeline::{Parts, Pipeline, column};
use crate::run_rows::{
    conversation_column, message_column, name_column, outcome_column, parent_column,
};

impl Workspace {
    pub(super) fn add_runs<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let new = &self.changed.new_runs;
        if !new.is_empty() {
            let runs: Vec<_> = new
                .iter()
                .filter_map(|key| Some((key.0, self.changed.runs.get(key)?)))
                .collect();
            let sql = "INSERT INTO runs (owner_id, id, node_id, conversation_id, message_id, parent, status, provider, model, last_position, \
                 stop_requested, outcome, started_at, heartbeat_at, ended_at, log_cleared) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], \
                 $10::bigint[], $11::boolean[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::boolean[])";
            let of = || runs.iter().map(|(_, run)| *run);
            let outcomes = of()
                .map(|run| outcome_column(run.end.as_ref()))
                .collect::<Result<Vec<_>, _>>()?;
            let values = vec![
                column(runs.iter().map(|(owner, _)| owner.as_uuid())),
                column(of().map(|run| run.id.as_uuid())),
                column(of().map(|run| run.node.as_uuid())),
                column(of().map(conversation_column)),
                column(of().map(message_column)),
                column(of().map(parent_column)),
                column(of().map(|run| run.status.as_str())),
                column(of().map(|run| name_column(run.provider.as_deref()))),
                column(of().map(|run| name_column(run.model.as_deref()))),
                column(counts(of(), |run| run.last_position, "a run's position")?),
                column(of().map(|run| run.stop_requested)),
                column(outcomes),
                column(of().map(|run| run.started_at.as_millisecond())),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
                column(of().map(|run| millisecond(run.ended_at))),
                column(of().map(|run| run.log_cleared)),
            ];
            parts.add(sql, values);
        }
        let (beating, turned): (Vec<_>, Vec<_>) = self
            .changed
            .runs
            .iter()
            .filter_map(|(key, run)| Some((*key, run, self.stored.runs.get(key)?.as_ref()?)))
            .filter(|(_, run, before)| run != before)
            .partition(|(_, run, before)| is_beat_only(run, before));
        if !beating.is_empty() {
            let sql = "UPDATE runs SET last_position = new.last_position, heartbeat_at = new.heartbeat_at \
                 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS new (owner_id, id, last_position, heartbeat_at) \
                 WHERE runs.owner_id = new.owner_id AND runs.id = new.id";
            let of = || beating.iter().map(|(_, run, _)| *run);
            let values = vec![
                column(beating.iter().map(|(key, ..)| key.0.as_uuid())),
                column(beating.iter().map(|(key, ..)| key.1.as_uuid())),
                column(counts(of(), |run| run.last_position, "a run's position")?),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
            ];
            parts.add(sql, values);
        }
        if !turned.is_empty() {
            let sql = "UPDATE runs SET last_position = new.last_position, heartbeat_at = new.heartbeat_at, status = new.status, \
                 provider = new.provider, model = new.model, stop_requested = new.stop_requested, outcome = new.outcome, \
                 ended_at = new.ended_at, log_cleared = new.log_cleared \
                 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::text[], \
                 $10::bigint[], $11::boolean[]) AS new (owner_id, id, last_position, heartbeat_at, status, provider, model, stop_requested, \
                 outcome, ended_at, log_cleared) \
                 WHERE runs.owner_id = new.owner_id AND runs.id = new.id";
            let of = || turned.iter().map(|(_, run, _)| *run);
            let outcomes = of()
                .map(|run| outcome_column(run.end.as_ref()))
                .collect::<Result<Vec<_>, _>>()?;
            let values = vec![
                column(turned.iter().map(|(key, ..)| key.0.as_uuid())),
                column(turned.iter().map(|(key, ..)| key.1.as_uuid())),
                column(counts(of(), |run| run.last_position, "a run's position")?),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
                column(of().map(|run| MessageStatus::as_str(run.status))),
                column(of().map(|run| name_column(run.provider.as_deref()))),
                column(of().map(|run| name_column(run.model.as_deref()))),
                column(of().map(|run| run.stop_requested)),
                column(outcomes),
                column(of().map(|run| millisecond(run.ended_at))),
                column(of().map(|run| run.log_cleared)),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }

    pub(super) async fn add_removals<'rows>(
        &'rows self,
        pipeline: &mut Pipeline<'rows>,
    ) -> Result<(), Error> {
        let changed = &self.changed;
        if !changed.removed_events.is_empty() {
            let sql = "DELETE FROM run_events USING unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS gone (owner_id, run_id, first_position) \
                 WHERE run_events.owner_id = gone.owner_id AND run_events.run_id = gone.run_id \
                 AND run_events.first_position = gone.first_position";
            let removed = &changed.removed_events;
            let values = vec![
                column(removed.iter().map(|(key, _)| key.0.as_uuid())),
                column(removed.iter().map(|(key, _)| key.1.as_uuid())),
                column(counts(removed, |(_, first)| *first, "a run's position")?),
            ];
            pipeline.add(sql, values).await?;
        }
        if !changed.cleared_logs.is_empty() {
            let sql = "DELETE FROM run_events USING unnest($1::uuid[], $2::uuid[]) AS gone (owner_id, run_id) \
                 WHERE run_events.owner_id = gone.owner_id AND run_events.run_id = gone.run_id";
            let cleared: Vec<&RunKey> = changed.cleared_logs.iter().collect();
            let values = vec![
                column(cleared.iter().map(|key| key.0.as_uuid())),
                column(cleared.iter().map(|key| key.1.as_uuid())),
            ];
            pipeline.add(sql, values).await?;
        }
        Ok(())
    }

    pub(super) fn add_logs<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let changed = &self.changed;
        if !changed.events.is_empty() {
            let sql = "INSERT INTO run_events (owner_id, run_id, first_position, last_position, events) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[])";
            let events = &changed.events;
            let values = vec![
                column(events.iter().map(|(key, _)| key.0.as_uuid())),
                column(events.iter().map(|(key, _)| key.1.as_uuid())),
                column(counts(
                    events,
                    |(_, batch)| batch.first,
                    "a run's position",
                )?),
                column(counts(events, |(_, batch)| batch.last, "a run's position")?),
                column(events.iter().map(|(_, batch)| batch.events.as_str())),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }
}

/// Whether only what every flush changes was changed.
fn is_beat_only(run: &manent_domain::run::Run, before: &manent_domain::run::Run) -> bool {
    run.status == before.status
        && run.end == before.end
        && run.provider == before.provider
        && run.model == before.model
        && run.stop_requested == before.stop_requested
        && run.ended_at == before.ended_at
        && run.log_cleared == before.log_cleared
}
