//! The port of runs.

use async_trait::async_trait;
use manent_domain::ports::{RunRepository, StoreError};
use manent_domain::run::{Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding};
use manent_types::{NodeId, RunId, Timestamp, UserId};

use super::{SqliteStore, not_built};

#[async_trait]
impl RunRepository for SqliteStore {
    async fn begin(&self, _: UserId, _: NewRun, _: Timestamp) -> Result<Begun, StoreError> {
        Err(not_built())
    }

    async fn find_run(&self, _: UserId, _: RunId) -> Result<Option<Run>, StoreError> {
        Err(not_built())
    }

    async fn record(
        &self,
        _: NodeId,
        _: Vec<RunProgress>,
        _: Timestamp,
    ) -> Result<Vec<Option<RunStanding>>, StoreError> {
        Err(not_built())
    }

    async fn read_log(
        &self,
        _: UserId,
        _: RunId,
        _: u64,
        _: usize,
    ) -> Result<Option<RunLogPage>, StoreError> {
        Err(not_built())
    }

    async fn request_stop(
        &self,
        _: UserId,
        _: RunId,
        _: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        Err(not_built())
    }

    async fn interrupt_dead(
        &self,
        _: NodeId,
        _: Timestamp,
        _: usize,
        _: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError> {
        Err(not_built())
    }

    async fn clear_logs(&self, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        Err(not_built())
    }
}
