//! Streams of events, with the time at which each came.

use std::time::Instant;

use anyhow::Context;
use manent_testkit::Answer;
use serde_json::Value;

/// An event and when it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// `id:`; absent where an event has no place in a log.
    pub id: Option<String>,
    /// `event:`.
    pub name: String,
    /// `data:`.
    pub data: Value,
    /// When its last byte had come.
    pub at: Instant,
}

impl Arrived {
    /// Whether nothing follows it.
    pub fn is_end(&self) -> bool {
        matches!(self.name.as_str(), "done" | "error")
    }

    /// More of the answer's text; empty for everything else.
    pub fn text(&self) -> &str {
        let is_text = self.name == "delta" && self.data["type"] == "text";
        let text = self.data["text"].as_str().filter(|_| is_text);
        text.unwrap_or_default()
    }

    /// What it says, without the time.
    pub fn said(&self) -> (Option<String>, String, Value) {
        (self.id.clone(), self.name.clone(), self.data.clone())
    }
}

/// What a request for a stream got.
#[derive(Debug)]
pub enum Opened {
    /// A stream.
    Stream(EventStream),
    /// 204: nothing comes any more.
    AtEnd,
    /// Anything else.
    Refused(Answer),
}

impl Opened {
    /// The stream.
    ///
    /// # Errors
    /// When there is none.
    pub fn stream(self) -> anyhow::Result<EventStream> {
        match self {
            Self::Stream(stream) => Ok(stream),
            other => anyhow::bail!("no stream of events: {other:?}"),
        }
    }
}

/// The events of one connection. Dropping it closes the connection.
#[derive(Debug)]
pub struct EventStream {
    response: reqwest::Response,
    buffer: Vec<u8>,
}

impl EventStream {
    /// Sends a request that is answered with a stream.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn open(request: reqwest::RequestBuilder) -> anyhow::Result<Opened> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type");
        if status == 200 && kind.is_some_and(|kind| kind == "text/event-stream") {
            return Ok(Opened::Stream(Self {
                response,
                buffer: Vec::new(),
            }));
        }
        if status == 204 {
            return Ok(Opened::AtEnd);
        }
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        Ok(Opened::Refused(Answer { status, body }))
    }

    /// The next event, past comments; absent at the orderly end of the stream.
    ///
    /// # Errors
    /// When the connection breaks, ends inside an event, or what comes is no event.
    pub async fn next(&mut self) -> anyhow::Result<Option<Arrived>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                match parse(std::str::from_utf8(&block)?)? {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            match self.response.chunk().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => anyhow::bail!("the stream ended inside an event"),
            }
        }
    }

    /// All events up to the end of the stream.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn rest(&mut self) -> anyhow::Result<Vec<Arrived>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

fn parse(block: &str) -> anyhow::Result<Option<Arrived>> {
    let (mut id, mut name, mut data) = (None, None, None);
    for line in block.lines().filter(|line| !line.is_empty()) {
        if line.starts_with(':') {
            continue;
        }
        let (field, value) = line.split_once(": ").context("a line without a field")?;
        let place = match field {
            "id" => &mut id,
            "event" => &mut name,
            "data" => &mut data,
            other => anyhow::bail!("unknown field {other}"),
        };
        anyhow::ensure!(
            place.replace(value.to_owned()).is_none(),
            "{field} came twice"
        );
    }
    let Some(name) = name else { return Ok(None) };
    Ok(Some(Arrived {
        id,
        name,
        data: serde_json::from_str(&data.context("an event without data")?)?,
        at: Instant::now(),
    }))
}
