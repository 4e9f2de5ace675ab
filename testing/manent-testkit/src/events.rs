//! Reading a stream of events as it comes.

use anyhow::Context;
use serde_json::Value;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The number in `id:`, after the mark of a run; 0 where there is no `id:`.
    pub id: u64,
    /// `id:` as it came, for `?after=`.
    pub cursor: Option<String>,
    /// `event:`.
    pub name: String,
    /// `data:`, which is always JSON.
    pub data: Value,
}

/// What comes in a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// An event.
    Event(Event),
    /// A comment, without its colon.
    Comment(String),
}

/// The events of one answer, one after the other. Dropping it closes the connection.
#[derive(Debug)]
pub struct EventReader {
    response: reqwest::Response,
    buffer: Vec<u8>,
}

impl EventReader {
    /// Reads this answer's body.
    ///
    /// # Errors
    /// When the answer is no stream of events.
    pub fn new(response: reqwest::Response) -> anyhow::Result<Self> {
        let kind = response.headers().get("content-type");
        anyhow::ensure!(
            response.status() == 200 && kind.is_some_and(|kind| kind == "text/event-stream"),
            "no stream of events: {response:?}"
        );
        Ok(Self {
            response,
            buffer: Vec::new(),
        })
    }

    /// The next event or comment; absent at the end of the stream.
    ///
    /// # Errors
    /// When the connection breaks, the stream ends inside an event, or what comes is none.
    pub async fn next_block(&mut self) -> anyhow::Result<Option<Block>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return parse(std::str::from_utf8(&block)?).map(Some);
            }
            match self.response.chunk().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => anyhow::bail!("the stream ended inside an event"),
            }
        }
    }

    /// The next event, past comments; absent at the end of the stream.
    ///
    /// # Errors
    /// As [`Self::next_block`].
    pub async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            match self.next_block().await? {
                Some(Block::Comment(_)) => {}
                Some(Block::Event(event)) => return Ok(Some(event)),
                None => return Ok(None),
            }
        }
    }

    /// All events up to the end of the stream.
    ///
    /// # Errors
    /// As [`Self::next_block`].
    pub async fn rest(&mut self) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

fn parse(block: &str) -> anyhow::Result<Block> {
    let mut id = None;
    let mut name = None;
    let mut data = None;
    for line in block.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix(':') {
            anyhow::ensure!(block.lines().count() == 2, "a comment in an event: {block}");
            return Ok(Block::Comment(comment.trim().to_owned()));
        }
        let (field, value) = line.split_once(": ").context("a line without a field")?;
        let place = match field {
            "id" => &mut id,
            "event" => &mut name,
            "data" => &mut data,
            other => anyhow::bail!("unknown field {other}"),
        };
        anyhow::ensure!(place.replace(value).is_none(), "{field} came twice");
    }
    let number = id.map(|id| id.rsplit_once('.').map_or(id, |(_, number)| number));
    Ok(Block::Event(Event {
        id: number.map_or(Ok(0), str::parse)?,
        cursor: id.map(str::to_owned),
        name: name.context("an event without a name")?.to_owned(),
        data: serde_json::from_str(data.context("an event without data")?)?,
    }))
}
