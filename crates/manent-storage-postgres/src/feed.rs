//! Reading the feed.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper;
use manent_domain::feed::{Change, Changed, FeedPage};
use manent_types::UserId;
use uuid::Uuid;

use crate::error::{Error, to_integer};
use crate::pipeline::{Pipeline, value};
use crate::rows::{self, CONVERSATION_COLUMNS, MESSAGE_COLUMNS, count, get, timestamp, unreadable};
use crate::run_rows::{self, RUN_COLUMNS};

/// The changes after a number, each with its subject as it is now, all as they are in one moment.
pub(crate) async fn read(
    client: &ClientWrapper,
    owner: UserId,
    after: u64,
    limit: usize,
) -> Result<FeedPage, Error> {
    let owner = owner.as_uuid();
    // No number lies beyond what the column can hold.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = to_integer(limit as u64, "the limit")?;
    let page = "SELECT seq, at, kind, subject_id FROM feed WHERE owner_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let subjects = |columns: &str, table: &str, kind: &str| {
        let is_owners = if table == "messages" {
            "uuid_send(messages.owner_id) = uuid_send($1)".to_owned()
        } else {
            format!("{table}.owner_id = $1")
        };
        format!(
            "SELECT {columns} FROM (SELECT DISTINCT subject_id FROM ({page}) AS page WHERE kind = '{kind}') AS subjects \
             JOIN {table} ON {is_owners} AND {table}.id = subjects.subject_id"
        )
    };
    let values = || vec![value(owner), value(after), value(limit)];
    let mut pipeline = Pipeline::new(client);
    pipeline
        .add(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Vec::new(),
        )
        .await?;
    pipeline
        .add(
            "SELECT feed_seq FROM users WHERE id = $1",
            vec![value(owner)],
        )
        .await?;
    pipeline.add(page, values()).await?;
    for (columns, table, kind) in [
        (CONVERSATION_COLUMNS, "conversations", "conversation"),
        (MESSAGE_COLUMNS, "messages", "message"),
        (RUN_COLUMNS, "runs", "run"),
    ] {
        pipeline
            .add(&subjects(columns, table, kind), values())
            .await?;
    }
    pipeline.add("COMMIT", Vec::new()).await?;
    let answers = pipeline.run().await?;
    let [_, users, entries, conversations, messages, runs, _] = answers.as_slice() else {
        return Err(Error::Unfit {
            what: "the answer about a feed",
        });
    };
    let mut present: HashMap<(&str, Uuid), Changed> = HashMap::new();
    for row in conversations {
        let (conversation, _) = rows::conversation(row, 0)?;
        let key = ("conversation", conversation.id.as_uuid());
        present.insert(key, Changed::Conversation(conversation));
    }
    for row in messages {
        let message = rows::message(row, 0)?;
        present.insert(("message", message.id.as_uuid()), Changed::Message(message));
    }
    for row in runs {
        let run = run_rows::run(row, 0)?;
        present.insert(("run", run.id.as_uuid()), Changed::Run(run));
    }
    let changes = entries
        .iter()
        .map(|row| {
            let key = (get(row, 2, "feed.kind")?, get(row, 3, "feed.subject_id")?);
            Ok(Change {
                seq: count(row, 0, "feed.seq")?,
                at: timestamp(row, 1, "feed.at")?,
                changed: present
                    .get(&key)
                    .cloned()
                    .ok_or_else(|| unreadable("feed.subject_id"))?,
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let head = match users.first() {
        Some(row) => count(row, 0, "users.feed_seq")?,
        None => 0,
    };
    Ok(FeedPage { changes, head })
}
