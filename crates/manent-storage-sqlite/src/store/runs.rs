//! The port of runs.

use async_trait::async_trait;
use manent_domain::ports::{RunRepository, StoreError};
use manent_domain::run::{Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding};
use manent_types::{ConversationId, NodeId, RunId, Timestamp, UserId};

use super::{SMALL, SqliteStore};
use crate::runs::{self, PreparedProgress};

#[async_trait]
impl RunRepository for SqliteStore {
    async fn begin(&self, owner: UserId, new: NewRun, now: Timestamp) -> Result<Begun, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| Ok(runs::begin(unit, owner, &new, now)?))
            .await
    }

    async fn find_run(&self, owner: UserId, id: RunId) -> Result<Option<Run>, StoreError> {
        self.opened
            .reads
            .run_in_snapshot(move |connection| runs::find(connection, owner, id))
            .await
    }

    async fn newest_run_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Run>, StoreError> {
        self.opened
            .reads
            .run(move |connection| runs::newest_of(connection, owner, conversation))
            .await
    }

    async fn running_of(&self, owner: UserId, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.opened
            .reads
            .run(move |connection| runs::running_of(connection, owner, limit))
            .await
    }

    async fn record(
        &self,
        node: NodeId,
        progress: Vec<RunProgress>,
        now: Timestamp,
    ) -> Result<Vec<Option<RunStanding>>, StoreError> {
        let batch = progress
            .into_iter()
            .map(PreparedProgress::new)
            .collect::<Result<Vec<_>, _>>()?;
        let bytes = batch.iter().map(PreparedProgress::bytes).sum();
        self.opened
            .writes
            .run(bytes, move |unit| {
                Ok(runs::record(unit, node, &batch, now)?)
            })
            .await
    }

    async fn read_log(
        &self,
        owner: UserId,
        id: RunId,
        after: u64,
        max_bytes: usize,
    ) -> Result<Option<RunLogPage>, StoreError> {
        self.opened
            .reads
            .run_in_snapshot(move |connection| {
                runs::read_log(connection, owner, id, after, max_bytes)
            })
            .await
    }

    async fn request_stop(
        &self,
        owner: UserId,
        id: RunId,
        _: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| Ok(runs::request_stop(unit, owner, id)?))
            .await
    }

    async fn interrupt_dead(
        &self,
        node: NodeId,
        heard_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(runs::interrupt_dead(unit, node, heard_before, limit, now)?)
            })
            .await
    }

    async fn clear_logs(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.opened
            .writes
            .run(SMALL, move |unit| {
                Ok(runs::clear_logs(unit, ended_before, limit)?)
            })
            .await
    }
}
