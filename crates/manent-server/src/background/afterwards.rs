//! What is done after the answer, so that the answer's time tells nothing about it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// How many such pieces of work may be under way or wait for the store; more are dropped.
const AT_ONCE: usize = 64;

/// Does work after the answer, bounded.
#[derive(Debug, Clone)]
pub(crate) struct Afterwards(Arc<Semaphore>);

impl Default for Afterwards {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Afterwards {
    /// Does this work later, unless there is too much to do already; then it is left undone, which the log tells. What is under way when the
    /// server ends is lost: whoever waits for a mail asks again.
    pub(crate) fn run(&self, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() else {
            tracing::warn!("too many mails are asked for at once; one was not made");
            return;
        };
        tokio::spawn(async move {
            work.await;
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_beyond_the_bound_is_dropped() {
        let afterwards = Afterwards::default();
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for number in 0..AT_ONCE + 3 {
            let sender = sender.clone();
            afterwards.run(async move {
                // Nobody listens any more: the test has ended.
                let _ = sender.send(number);
            });
        }
        drop(sender);
        let mut done = Vec::new();
        while let Some(number) = receiver.recv().await {
            done.push(number);
        }
        assert_eq!(done, (0..AT_ONCE).collect::<Vec<_>>());
    }
}
