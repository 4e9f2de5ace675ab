//! Streams that are runs: the server keeps their log and their answer.

use std::time::Duration;

use anyhow::ensure;
use bytes::Bytes;
use hyper::Method;
use rand::rngs::StdRng;
use serde_json::json;
use uuid::Uuid;

use super::client::Client;
use super::request;
use super::stream::{self, Reading};
use crate::data::messages::{append_body, create_body, random_id};
use crate::upstream::Script;

/// A conversation with one message of a person, below which answers are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// The conversation.
    pub(crate) conversation: Uuid,
    /// The person's message.
    pub(crate) message: Uuid,
}

impl Question {
    /// Stores one.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn ask(client: &mut Client, random: &mut StdRng) -> anyhow::Result<Self> {
        let question = Self {
            conversation: random_id(random),
            message: random_id(random),
        };
        let create = create_body(question.conversation);
        request::timed(client, Method::POST, "/conversation/create", create).await?;
        let message = append_body(
            question.message,
            question.conversation,
            None,
            "What do you think of this?",
        );
        request::timed(client, Method::POST, "/message/append", message).await?;
        Ok(question)
    }

    /// The body of `POST /completion/generate` for a run that keeps its answer here.
    pub(crate) fn generate(self, run: Uuid, answer: Uuid, script: Script) -> Bytes {
        json!({
            "messages": [{"role": "user", "content": script.text()}],
            "config": {"provider": "bench", "model": "bench"},
            "runId": run,
            "record": {"conversationId": self.conversation, "messageId": answer, "parentId": self.message},
        })
        .to_string()
        .into()
    }
}

/// The body of `POST /turn/start` for a conversation that it creates.
pub(crate) fn turn_body(script: Script) -> Bytes {
    json!({
        "message": {"content": script.text(), "parentId": null},
        "config": {"provider": "bench", "model": "bench"},
    })
    .to_string()
    .into()
}

/// Starts a run that keeps its answer and reads it to its end.
///
/// # Errors
/// As [`stream::read_path`], or when a token is missing or the server does not say at the end that log and answer are stored.
pub(crate) async fn read(
    client: &mut Client,
    question: Question,
    random: &mut StdRng,
    script: Script,
) -> anyhow::Result<Reading> {
    let body = question.generate(random_id(random), random_id(random), script);
    let reading = stream::read_path(client, Method::POST, "/completion/generate", body).await?;
    ensure_kept(&reading, script)?;
    Ok(reading)
}

/// Starts a turn in a conversation of its own and reads it to its end.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_turn(client: &mut Client, script: Script) -> anyhow::Result<Reading> {
    let reading = stream::read_path(client, Method::POST, "/turn/start", turn_body(script)).await?;
    ensure_kept(&reading, script)?;
    Ok(reading)
}

fn ensure_kept(reading: &Reading, script: Script) -> anyhow::Result<()> {
    ensure!(
        reading.tokens.count() == script.tokens,
        "a run streamed {} of {} tokens",
        reading.tokens.count(),
        script.tokens
    );
    for words in [r#""logged":true"#, r#""persisted":true"#] {
        ensure!(
            reading.tokens.ends_with_words(words),
            "the end of a run does not say {words}"
        );
    }
    Ok(())
}

/// How long all runs of a script last at least.
pub(crate) fn duration(script: Script) -> Duration {
    let writes = script.tokens.div_ceil(script.tokens_per_write);
    script.interval * u32::try_from(writes).unwrap_or(u32::MAX)
}
