//! Several statements in one round trip.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::error::Error;

/// A value for a statement.
pub(crate) type Value<'value> = Box<dyn ToSql + Sync + Send + 'value>;

/// A value for a statement.
pub(crate) fn value<'value, T: ToSql + Sync + Send + 'value>(value: T) -> Value<'value> {
    Box::new(value)
}

/// An array for a statement: a column of the rows that it takes apart.
pub(crate) fn column<'value, T: ToSql + Sync + Send + 'value>(
    values: impl IntoIterator<Item = T>,
) -> Value<'value> {
    Box::new(values.into_iter().collect::<Vec<T>>())
}

type Answer<'client> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'client>>;

/// Statements that are sent together, in order. Each is prepared when it is added, so that none waits when they are sent.
pub(crate) struct Pipeline<'client> {
    client: &'client ClientWrapper,
    statements: Vec<(Statement, Vec<Value<'client>>)>,
}

impl<'client> Pipeline<'client> {
    pub(crate) const fn new(client: &'client ClientWrapper) -> Self {
        Self {
            client,
            statements: Vec::new(),
        }
    }

    /// Adds a statement; answers its number.
    pub(crate) async fn add(
        &mut self,
        sql: &str,
        values: Vec<Value<'client>>,
    ) -> Result<usize, Error> {
        let statement = self.client.prepare_cached(sql).await?;
        self.statements.push((statement, values));
        Ok(self.statements.len() - 1)
    }

    /// Sends all and waits for all; the rows of each, in order. The first failure counts: what comes after it in a transaction fails for
    /// having come after it.
    pub(crate) async fn run(self) -> Result<Vec<Vec<Row>>, Error> {
        let client = self.client;
        let mut pending: Vec<Answer<'client>> = self
            .statements
            .into_iter()
            .map(|(statement, values)| {
                Box::pin(query(client, statement, values)) as Answer<'client>
            })
            .collect();
        let mut answers: Vec<Option<Result<Vec<Row>, Error>>> =
            pending.iter().map(|_| None).collect();
        // Polled in order, so that they are sent in order.
        poll_fn(|context| {
            let mut is_waiting = false;
            for (future, answer) in pending.iter_mut().zip(&mut answers) {
                if answer.is_some() {
                    continue;
                }
                match future.as_mut().poll(context) {
                    Poll::Ready(rows) => *answer = Some(rows),
                    Poll::Pending => is_waiting = true,
                }
            }
            if is_waiting {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        answers.into_iter().flatten().collect()
    }
}

async fn query(
    client: &ClientWrapper,
    statement: Statement,
    values: Vec<Value<'_>>,
) -> Result<Vec<Row>, Error> {
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
    Ok(client.query(&statement, &values).await?)
}
