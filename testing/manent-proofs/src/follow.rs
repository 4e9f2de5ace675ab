//! A reader of a run that does not give up.

use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use crate::api::Api;
use crate::stream::{Arrived, EventStream, Opened};

/// How long it waits before it attaches again, as a page does.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads a run to its end over as many connections as that takes, each time from the last event that it saw.
#[derive(Debug)]
pub struct Follower {
    api: Api,
    run: String,
    last: Option<String>,
    /// Everything that came, in the order in which it came, but for what has no place in the log.
    pub events: Vec<Arrived>,
    /// What came that has no place in the log.
    pub notices: Vec<Arrived>,
    /// How often it had to attach.
    pub attached: usize,
}

impl Follower {
    /// A reader of this run that has seen nothing yet.
    pub fn new(api: Api, run: &str) -> Self {
        Self {
            api,
            run: run.to_owned(),
            last: None,
            events: Vec::new(),
            notices: Vec::new(),
            attached: 0,
        }
    }

    /// The last event, if nothing follows it.
    pub fn end(&self) -> Option<&Arrived> {
        self.events.last().filter(|event| event.is_end())
    }

    /// The answer's text as far as it was seen.
    pub fn text(&self) -> String {
        self.events.iter().map(Arrived::text).collect()
    }

    /// Reads this stream to the end of the run, or until the connection breaks; tells whether it is the end of the run.
    pub async fn read(&mut self, mut stream: EventStream) -> bool {
        while let Ok(Some(event)) = stream.next().await {
            self.take(event);
            if self.end().is_some() {
                return true;
            }
        }
        false
    }

    /// Attaches and reads until the end of the run has come, however often the connection breaks.
    ///
    /// # Errors
    /// When the server refuses for another reason than that it is not ready, or says that nothing comes before the end has come.
    pub async fn follow(&mut self) -> anyhow::Result<&Arrived> {
        while self.end().is_none() {
            match self.api.attach(&self.run, self.last.as_deref()).await {
                Ok(Opened::Stream(stream)) => {
                    self.attached += 1;
                    if self.read(stream).await {
                        break;
                    }
                }
                Ok(Opened::Refused(answer)) if answer.status != 503 => {
                    anyhow::bail!("attaching after {:?}: {answer:?}", self.last)
                }
                Ok(Opened::AtEnd) => {
                    anyhow::bail!("nothing comes after {:?}, which is no end", self.last)
                }
                // The server is away, the connection was broken, or it asks to come back later.
                Ok(Opened::Refused(_)) | Err(_) => {}
            }
            sleep(PAUSE).await;
        }
        self.end().context("an end")
    }

    /// Takes an event that came over a connection of one's own.
    pub fn take(&mut self, event: Arrived) {
        if event.id.is_some() {
            self.last.clone_from(&event.id);
            self.events.push(event);
        } else {
            self.notices.push(event);
        }
    }
}
