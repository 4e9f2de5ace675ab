//! Runs and their logs.

use manent_domain::run::decode_events;
use manent_types::Timestamp;

use super::{Records, integers};
use crate::error::Error;
use crate::pipeline::{Pipeline, column};
use crate::rows::unreadable;
use crate::run_rows::{
    conversation_column, message_column, name_column, outcome_column, parent_column,
};

impl Records {
    pub(super) async fn add_runs<'rows>(
        &'rows self,
        pipeline: &mut Pipeline<'rows>,
    ) -> Result<(), Error> {
        let runs = &self.runs;
        if !runs.is_empty() {
            let sql = "INSERT INTO runs (owner_id, id, node_id, conversation_id, message_id, parent, status, provider, model, last_position, \
                 stop_requested, outcome, started_at, heartbeat_at, ended_at, log_cleared) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], \
                 $10::bigint[], $11::boolean[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::boolean[]) \
                 ON CONFLICT (owner_id, id) DO UPDATE SET node_id = EXCLUDED.node_id, conversation_id = EXCLUDED.conversation_id, \
                 message_id = EXCLUDED.message_id, parent = EXCLUDED.parent, status = EXCLUDED.status, provider = EXCLUDED.provider, \
                 model = EXCLUDED.model, last_position = EXCLUDED.last_position, stop_requested = EXCLUDED.stop_requested, \
                 outcome = EXCLUDED.outcome, started_at = EXCLUDED.started_at, heartbeat_at = EXCLUDED.heartbeat_at, \
                 ended_at = EXCLUDED.ended_at, log_cleared = EXCLUDED.log_cleared";
            let of = || runs.values();
            let outcomes = of()
                .map(|run| outcome_column(run.end.as_ref()))
                .collect::<Result<Vec<_>, _>>()?;
            let values = vec![
                column(runs.keys().map(|(owner, _)| owner.as_uuid())),
                column(runs.keys().map(|(_, id)| id.as_uuid())),
                column(of().map(|run| run.node.as_uuid())),
                column(of().map(conversation_column)),
                column(of().map(message_column)),
                column(of().map(parent_column)),
                column(of().map(|run| run.status.as_str())),
                column(of().map(|run| name_column(run.provider.as_deref()))),
                column(of().map(|run| name_column(run.model.as_deref()))),
                column(integers(
                    of().map(|run| run.last_position),
                    "a run's position",
                )?),
                column(of().map(|run| run.stop_requested)),
                column(outcomes),
                column(of().map(|run| run.started_at.as_millisecond())),
                column(of().map(|run| run.heartbeat_at.as_millisecond())),
                column(of().map(|run| run.ended_at.map(Timestamp::as_millisecond))),
                column(of().map(|run| run.log_cleared)),
            ];
            pipeline.add(sql, values).await?;
        }
        let events = &self.events;
        if !events.is_empty() {
            for record in events.values() {
                decode_events(&record.events).map_err(|_| unreadable("run_events.events"))?;
            }
            let sql = "INSERT INTO run_events (owner_id, run_id, first_position, last_position, events) \
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[]) \
                 ON CONFLICT (owner_id, run_id, first_position) DO UPDATE SET last_position = EXCLUDED.last_position, \
                 events = EXCLUDED.events";
            let values = vec![
                column(events.keys().map(|(owner, ..)| owner.as_uuid())),
                column(events.keys().map(|(_, run, _)| run.as_uuid())),
                column(integers(
                    events.keys().map(|(.., first)| *first),
                    "a run's position",
                )?),
                column(integers(
                    events.values().map(|record| record.last),
                    "a run's position",
                )?),
                column(events.values().map(|record| record.events.as_str())),
            ];
            pipeline.add(sql, values).await?;
        }
        Ok(())
    }
}
