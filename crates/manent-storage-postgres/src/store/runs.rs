//! The port of runs.

use std::collections::HashSet;

use async_trait::async_trait;
use futures_util::future::join_all;
use manent_domain::ports::{RunRepository, StoreError};
use manent_domain::run::{Begun, NewRun, Run, RunLogPage, RunProgress, RunStanding};
use manent_types::{ConversationId, NodeId, RunId, Timestamp, UserId};

use super::{PostgresStore, SMALL};
use crate::runs::{self, PreparedProgress};
use crate::workspace::Wanted;

/// Wants one run of an owner.
fn want(owner: UserId, id: RunId) -> impl Fn(&mut Wanted) {
    move |wanted| {
        wanted.owners.insert(owner);
        wanted.runs.insert((owner, id));
    }
}

#[async_trait]
impl RunRepository for PostgresStore {
    async fn begin(&self, owner: UserId, new: NewRun, now: Timestamp) -> Result<Begun, StoreError> {
        let want = move |wanted: &mut Wanted| {
            want(owner, new.id)(wanted);
            if let Some(record) = new.record {
                wanted.want_conversation((owner, record.conversation), false);
            }
        };
        self.opened
            .writes
            .run(owner, SMALL, want, move |workspace| {
                Ok(runs::begin(workspace, owner, &new, now))
            })
            .await
    }

    async fn find_run(&self, owner: UserId, id: RunId) -> Result<Option<Run>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(runs::find(client, owner, id)))
            .await
    }

    async fn newest_run_of(
        &self,
        owner: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Run>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(runs::newest_of(client, owner, conversation)))
            .await
    }

    async fn running_of(&self, owner: UserId, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.opened
            .connections
            .read(|client| Box::pin(runs::running_of(client, owner, limit)))
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
        let Some(first) = batch.first().map(PreparedProgress::owner) else {
            return Ok(Vec::new());
        };
        let bytes = batch.iter().map(PreparedProgress::bytes).sum();
        let batch = std::sync::Arc::new(batch);
        let wanted = std::sync::Arc::clone(&batch);
        self.opened
            .writes
            .run(
                first,
                bytes,
                move |keys| wanted.iter().for_each(|progress| progress.want(keys)),
                move |workspace| runs::record(workspace, node, &batch, now),
            )
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
            .connections
            .read(|client| Box::pin(runs::read_log(client, owner, id, after, max_bytes)))
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
            .run(owner, SMALL, want(owner, id), move |workspace| {
                Ok(runs::request_stop(workspace, owner, id))
            })
            .await
    }

    async fn interrupt_dead(
        &self,
        node: NodeId,
        heard_before: Timestamp,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(UserId, RunId)>, StoreError> {
        let dead = self
            .opened
            .connections
            .read(|client| Box::pin(runs::dead(client, node, heard_before, limit)))
            .await?;
        // Each owner's by themselves: whether they are dead is looked at again once the owner is locked.
        let mut by_owner: Vec<(UserId, Vec<RunId>)> = Vec::new();
        for (owner, id) in &dead {
            match by_owner.iter_mut().find(|(known, _)| known == owner) {
                Some((_, ids)) => ids.push(*id),
                None => by_owner.push((*owner, vec![*id])),
            }
        }
        let interruptions = by_owner.into_iter().map(|(owner, ids)| async move {
            let wanted_ids = ids.clone();
            let interrupted = self
                .opened
                .writes
                .run(
                    owner,
                    SMALL * ids.len(),
                    move |wanted| {
                        for id in &wanted_ids {
                            want(owner, *id)(wanted);
                            wanted.logs.insert((owner, *id));
                        }
                    },
                    move |workspace| {
                        runs::interrupt(workspace, owner, &ids, node, heard_before, now)
                    },
                )
                .await?;
            Ok(interrupted.into_iter().map(move |id| (owner, id)))
        });
        let done: Result<Vec<_>, StoreError> = join_all(interruptions).await.into_iter().collect();
        let done: HashSet<(UserId, RunId)> = done?.into_iter().flatten().collect();
        Ok(dead.into_iter().filter(|run| done.contains(run)).collect())
    }

    async fn clear_logs(&self, ended_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let logged = self
            .opened
            .connections
            .read(|client| Box::pin(runs::logged(client, ended_before, limit)))
            .await?;
        let clearings = logged.into_iter().map(|(owner, id)| {
            self.opened
                .writes
                .run(owner, SMALL, want(owner, id), move |workspace| {
                    Ok(runs::clear_log(workspace, owner, id, ended_before))
                })
        });
        let done: Result<Vec<bool>, StoreError> = join_all(clearings).await.into_iter().collect();
        Ok(done?.into_iter().filter(|is_cleared| *is_cleared).count())
    }
}
