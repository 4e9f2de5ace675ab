//! What the tests share.

pub(crate) mod journal;
pub(crate) mod provider;
pub(crate) mod store;
pub(crate) mod world;

use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::completion::{CompletionEvent, CompletionRequest, PromptMessage};
use manent_domain::run::{LoggedEvent, RunEnd, RunEvent};
use manent_runs::{Notice, Persisted, RunItem, RunReader};
use manent_types::{MessageStatus, ModelSettings, Part, Role};
use uuid::Uuid;

/// A UUID with this number.
pub(crate) fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0199_c0de_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn words(text: &str) -> Vec<Part> {
    vec![Part::Text {
        text: text.to_owned(),
    }]
}

pub(crate) fn request() -> CompletionRequest {
    CompletionRequest {
        messages: vec![PromptMessage {
            role: Role::User,
            content: words("Hello"),
        }],
        settings: ModelSettings::default(),
    }
}

/// Everything a reader got.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) positions: Vec<u64>,
    pub(crate) text: String,
    pub(crate) notices: Vec<&'static str>,
    pub(crate) end: Option<(RunEnd, Persisted)>,
}

impl Heard {
    pub(crate) fn take(&mut self, item: RunItem) {
        match item {
            RunItem::Event(logged) => self.event(&logged),
            RunItem::Notice(Notice { code, .. }) => self.notices.push(code),
            RunItem::End(logged, persisted) => {
                self.event(&logged);
                let RunEvent::Ended(end) = logged.event else {
                    panic!("the last event is no end");
                };
                self.end = Some((end, persisted));
            }
        }
    }

    fn event(&mut self, logged: &LoggedEvent) {
        self.positions.push(logged.position);
        if let RunEvent::Completion(CompletionEvent::Text(text)) = &logged.event {
            self.text.push_str(text);
        }
    }

    pub(crate) fn status(&self) -> MessageStatus {
        self.end.as_ref().expect("an end").0.status
    }

    pub(crate) fn persisted(&self) -> Persisted {
        self.end.as_ref().expect("an end").1
    }

    /// The positions follow one another from this one on.
    pub(crate) fn is_whole_from(&self, first: u64) -> bool {
        let expected: Vec<u64> = (first..).take(self.positions.len()).collect();
        self.positions == expected
    }
}

/// Reads to the end.
pub(crate) async fn hear(mut reader: RunReader) -> Heard {
    let mut heard = Heard::default();
    while let Some(item) = reader.next().await {
        heard.take(item.expect("a reader that works"));
    }
    heard
}

/// Reads until so many events came.
pub(crate) async fn hear_some(reader: &mut RunReader, events: usize) -> Heard {
    let mut heard = Heard::default();
    while heard.positions.len() < events {
        let item = reader.next().await.expect("more events");
        heard.take(item.expect("a reader that works"));
    }
    heard
}
