//! Work that fills a core: on threads of its own, a few at once, with a bounded line before them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{PasswordError, PasswordLimits};

pub(super) struct Work {
    /// One for each that runs and each that waits.
    places: Arc<Semaphore>,
    /// One for each that runs.
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Work {
    pub(super) fn new(limits: PasswordLimits) -> Self {
        let at_once = limits.at_once.get().min(Semaphore::MAX_PERMITS);
        let places = at_once
            .saturating_add(limits.waiting)
            .min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            turns: Arc::new(Semaphore::new(at_once)),
            patience: limits.patience,
        }
    }

    /// Runs the task when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permits = self.turn().await?;
        spawn_blocking(move || {
            // The turn ends with the work, not with the one who asked for it: a client that hangs up frees no core.
            let _permits = permits;
            task()
        })
        .await
        .map_err(|error| PasswordError::Failed(error.to_string()))
    }

    async fn turn(&self) -> Result<[OwnedSemaphorePermit; 2], PasswordError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Overloaded)?;
        let turn = timeout(self.patience, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| PasswordError::Overloaded)?
            .map_err(|_| PasswordError::Overloaded)?;
        Ok([place, turn])
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::sync::mpsc;

    use tokio::task::JoinHandle;

    use super::*;

    fn work(at_once: usize, waiting: usize, patience: Duration) -> Arc<Work> {
        Arc::new(Work::new(PasswordLimits {
            at_once: NonZero::new(at_once).unwrap(),
            waiting,
            patience,
            least_time: Duration::ZERO,
        }))
    }

    /// Work that says when it began, and goes on until it is told to end.
    struct Held {
        end: mpsc::Sender<()>,
        task: JoinHandle<Result<(), PasswordError>>,
    }

    async fn hold(work: &Arc<Work>) -> Held {
        let (end, ended) = mpsc::channel::<()>();
        let (start, started) = tokio::sync::oneshot::channel::<()>();
        let work = Arc::clone(work);
        let task = tokio::spawn(async move {
            work.run(move || {
                start.send(()).unwrap();
                let _ = ended.recv();
            })
            .await
        });
        started.await.unwrap();
        Held { end, task }
    }

    #[tokio::test]
    async fn refuses_at_once_what_finds_no_place_in_the_line() {
        let work = work(1, 0, Duration::from_mins(1));
        let held = hold(&work).await;
        assert_eq!(work.run(|| ()).await, Err(PasswordError::Overloaded));
        held.end.send(()).unwrap();
        held.task.await.unwrap().unwrap();
        assert_eq!(work.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn gives_up_waiting_after_a_while() {
        let work = work(1, 1, Duration::from_millis(20));
        let held = hold(&work).await;
        assert_eq!(work.run(|| ()).await, Err(PasswordError::Overloaded));
        drop(held.end);
        held.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn work_whose_asker_went_away_keeps_its_turn_until_it_ends() {
        let work = work(1, 0, Duration::from_mins(1));
        let held = hold(&work).await;
        held.task.abort();
        assert!(held.task.await.unwrap_err().is_cancelled());
        assert_eq!(work.run(|| ()).await, Err(PasswordError::Overloaded));
        drop(held.end);
        let freed = Arc::clone(&work.turns).acquire_owned().await;
        assert!(freed.is_ok());
    }

    #[tokio::test]
    async fn a_panic_in_the_work_is_an_error_and_frees_the_turn() {
        let work = work(1, 0, Duration::from_mins(1));
        let failed = work.run(|| panic!("on purpose")).await;
        assert!(matches!(failed, Err::<(), _>(PasswordError::Failed(_))));
        assert_eq!(work.run(|| 7).await, Ok(7));
    }
}
