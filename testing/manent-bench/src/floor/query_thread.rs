//! A bare query on a thread of its own, asked through a channel: what any asynchronous program must do to read from SQLite.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::Context;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// What is asked, with the place for the number of rows.
struct Question<Q> {
    question: Q,
    answer: oneshot::Sender<rusqlite::Result<usize>>,
}

/// The thread with its connection.
#[derive(Debug)]
pub(crate) struct QueryThread<Q> {
    queue: Option<Sender<Question<Q>>>,
    thread: Option<JoinHandle<()>>,
}

impl<Q: Send + 'static> QueryThread<Q> {
    /// Starts a thread that answers each question with this query.
    pub(crate) fn start(
        connection: Connection,
        query: impl Fn(&Connection, Q) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Self {
        let (queue, waiting): (_, Receiver<Question<Q>>) = channel();
        let thread = std::thread::spawn(move || {
            for Question { question, answer } in waiting {
                answer.send(query(&connection, question)).ok();
            }
        });
        Self {
            queue: Some(queue),
            thread: Some(thread),
        }
    }

    /// Asks, and tells how many rows were read.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn ask(&self, question: Q) -> anyhow::Result<usize> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().context("the thread has ended")?;
        let question = Question { question, answer };
        queue.send(question).ok().context("the thread has ended")?;
        Ok(answered.await??)
    }
}

impl<Q> Drop for QueryThread<Q> {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
