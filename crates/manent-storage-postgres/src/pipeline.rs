//! Several statements in one round trip.

use std::fmt::Write;
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

/// Statements that become parts of one: a statement costs more than what it does to a few rows. The parts all see the rows as they were
/// before, and no two of them may change the same row.
#[derive(Default)]
pub(crate) struct Parts<'value> {
    sql: String,
    values: Vec<Value<'value>>,
    last: Option<String>,
    count: usize,
}

impl<'value> Parts<'value> {
    /// Adds a statement that changes rows.
    pub(crate) fn add(&mut self, sql: &str, values: Vec<Value<'value>>) {
        let sql = renumbered(sql, self.values.len());
        self.values.extend(values);
        if let Some(before) = self.last.replace(sql) {
            let begin = if self.count == 0 { "WITH" } else { "," };
            // Writing into a string does not fail.
            let _ = write!(self.sql, "{begin} part_{} AS ({before})", self.count);
            self.count += 1;
        }
    }

    /// The one statement, with its values.
    pub(crate) fn join(self) -> (String, Vec<Value<'value>>) {
        let last = self.last.unwrap_or_default();
        (format!("{} {last}", self.sql), self.values)
    }
}

/// A statement whose values have so many before them.
fn renumbered(sql: &str, before: usize) -> String {
    let mut pieces = sql.split('$');
    let mut renumbered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(piece.len());
        let number: usize = piece[..end].parse().unwrap_or_default();
        let _ = write!(renumbered, "${}{}", number + before, &piece[end..]);
    }
    renumbered
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_one_statement() {
        let mut parts = Parts::default();
        parts.add("INSERT INTO a VALUES ($1, $2)", vec![value(1), value(2)]);
        parts.add("UPDATE b SET x = $2 WHERE y = $1", vec![value(3), value(4)]);
        parts.add("DELETE FROM c WHERE z = $1::text", vec![value("5")]);
        let (sql, values) = parts.join();
        assert_eq!(
            sql,
            "WITH part_0 AS (INSERT INTO a VALUES ($1, $2)), part_1 AS (UPDATE b SET x = $4 WHERE y = $3) DELETE FROM c WHERE z = $5::text"
        );
        assert_eq!(values.len(), 5);
    }
}
