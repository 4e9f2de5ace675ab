//! A run's events as the frames that LibreChat's client reads (protocol version 1).
//!
//! The client adds every delta to what it has, so a frame that came twice or not at all is a wrong answer on the screen. Therefore:
//! - the same log always gives the same frames, whoever translates it: the ids of steps are made of the answer's id and the part's place;
//! - what was told before a reader came ([`Telling::resume`]) and what follows are two halves of one log, cut at a position;
//! - a part keeps its kind: each change between thinking and text opens a new step at the next place.
//!
//! Source: LibreChat da0491d5, `client/src/hooks/SSE/useStepHandler.ts` and `useResumableSSE.ts`.

mod frame;
mod outcome;
mod usage;

use manent_domain::completion::CompletionEvent;
use manent_domain::run::{LoggedEvent, RunEnd, RunEvent};
use manent_types::Usage;
use serde_json::{Value, json};

pub use frame::{Frame, FrameName};
pub use outcome::{aborted, created, finished, title};
pub use usage::{ContextFigures, context_usage, token_usage};

/// What kind of part is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Think,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Think => "think",
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Self::Text => "on_message_delta",
            Self::Think => "on_reasoning_delta",
        }
    }
}

/// A part that was opened, with what is in it so far.
#[derive(Debug, Clone)]
struct Step {
    kind: Kind,
    text: String,
}

/// Tells one run. Give it the events of the log in order, from the first.
#[derive(Debug, Clone)]
pub struct Telling {
    answer: String,
    steps: Vec<Step>,
    position: u64,
    model: Option<String>,
    provider: Option<String>,
    usage: Usage,
    end: Option<RunEnd>,
}

impl Telling {
    /// Begins with the id under which the answer will be stored: the client finds the steps' message by it.
    pub fn new(answer: impl Into<String>) -> Self {
        Self {
            answer: answer.into(),
            steps: Vec::new(),
            position: 0,
            model: None,
            provider: None,
            usage: Usage::default(),
            end: None,
        }
    }

    /// Takes the next event; answers the frames that tell it. Events that were taken already give nothing.
    pub fn tell(&mut self, logged: &LoggedEvent) -> Vec<Frame> {
        if logged.position <= self.position {
            return Vec::new();
        }
        self.position = logged.position;
        match &logged.event {
            RunEvent::Started { provider, model } => {
                self.provider = Some(provider.clone());
                self.model = Some(model.clone());
                Vec::new()
            }
            RunEvent::Completion(CompletionEvent::Text(more)) => self.more(Kind::Text, more),
            RunEvent::Completion(CompletionEvent::Reasoning(more)) => self.more(Kind::Think, more),
            RunEvent::Completion(CompletionEvent::Usage(usage)) => {
                self.usage.merge(usage);
                Vec::new()
            }
            // The client has what the answer begins with, and counts the parts that come from there. A proof is the provider's affair, tools
            // are not offered on this surface, and the end is told with what was stored.
            RunEvent::Retained(_) | RunEvent::Completion(_) => Vec::new(),
            RunEvent::Ended(end) => {
                self.end = Some(end.clone());
                Vec::new()
            }
        }
    }

    /// The position of the last event taken; 0 before the first.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// How the run ended, once it did.
    pub const fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    /// The id under which the answer is stored.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// The provider that answers, once it is known.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The model that answers, once it is known.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What is known about the cost so far.
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether anything of an answer was told.
    pub const fn has_content(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The steps so far, as [`on_run_step`](Self::tell)'s data: what deltas that still come may refer to.
    pub fn run_steps(&self) -> Vec<Value> {
        (0..self.steps.len()).map(|at| self.step_data(at)).collect()
    }

    /// The content so far, part for part at the places of the steps.
    pub fn content(&self) -> Vec<Value> {
        let part = |step: &Step| {
            let name = step.kind.name();
            json!({ "type": name, name: step.text })
        };
        self.steps.iter().map(part).collect()
    }

    /// The frame for a reader that comes back: what was told so far, with what the surface knows of the turn (`userMessage`,
    /// `conversationId` and so on), which goes into the state as it is.
    pub fn resume(&self, known: serde_json::Map<String, Value>) -> Frame {
        let state = self.resume_state(known);
        Frame::message(&json!({ "sync": true, "resumeState": state, "pendingEvents": [] }))
    }

    /// The state of [`Self::resume`], also told by the status call.
    pub fn resume_state(&self, known: serde_json::Map<String, Value>) -> Value {
        let mut state = known;
        state.insert("runSteps".to_owned(), self.run_steps().into());
        state.insert("aggregatedContent".to_owned(), self.content().into());
        state.insert("responseMessageId".to_owned(), self.answer.clone().into());
        if let Some(model) = &self.model {
            state.insert("model".to_owned(), model.clone().into());
        }
        Value::Object(state)
    }

    fn more(&mut self, kind: Kind, more: &str) -> Vec<Frame> {
        if more.is_empty() {
            return Vec::new();
        }
        let mut frames = Vec::with_capacity(2);
        if self.steps.last().is_none_or(|step| step.kind != kind) {
            self.steps.push(Step {
                kind,
                text: String::new(),
            });
            let data = self.step_data(self.steps.len() - 1);
            frames.push(Frame::event("on_run_step", &data));
        }
        let at = self.steps.len() - 1;
        if let Some(step) = self.steps.last_mut() {
            step.text.push_str(more);
        }
        let name = kind.name();
        let delta = json!({
            "id": self.step_id(at),
            "delta": { "content": [{ "type": name, name: more }] },
        });
        frames.push(Frame::event(kind.event(), &delta));
        frames
    }

    fn step_id(&self, at: usize) -> String {
        format!("step_{}_{at}", self.answer)
    }

    fn step_data(&self, at: usize) -> Value {
        json!({
            "id": self.step_id(at),
            "runId": self.answer,
            "type": "message_creation",
            "index": at,
            "stepDetails": {
                "type": "message_creation",
                "message_creation": { "message_id": format!("msg_{}_{at}", self.answer) },
            },
            "usage": null,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(events: Vec<RunEvent>) -> Vec<LoggedEvent> {
        (1..)
            .zip(events)
            .map(|(position, event)| LoggedEvent { position, event })
            .collect()
    }

    fn text(words: &str) -> RunEvent {
        RunEvent::Completion(CompletionEvent::Text(words.to_owned()))
    }

    fn thought(words: &str) -> RunEvent {
        RunEvent::Completion(CompletionEvent::Reasoning(words.to_owned()))
    }

    fn data(frames: &[Frame]) -> Vec<Value> {
        frames
            .iter()
            .map(|frame| serde_json::from_str(frame.data()).unwrap())
            .collect()
    }

    #[test]
    fn thinking_and_text_are_parts_of_their_own() {
        let mut telling = Telling::new("r");
        let mut frames = Vec::new();
        for event in events(vec![thought("hm"), text("Hel"), text("lo")]) {
            frames.extend(telling.tell(&event));
        }
        let step = |at: usize| {
            json!({"event": "on_run_step", "data": {
                "id": format!("step_r_{at}"), "runId": "r", "type": "message_creation", "index": at,
                "stepDetails": {"type": "message_creation", "message_creation": {"message_id": format!("msg_r_{at}")}},
                "usage": null,
            }})
        };
        assert_eq!(
            data(&frames),
            vec![
                step(0),
                json!({"event": "on_reasoning_delta", "data": {"id": "step_r_0", "delta": {"content": [{"type": "think", "think": "hm"}]}}}),
                step(1),
                json!({"event": "on_message_delta", "data": {"id": "step_r_1", "delta": {"content": [{"type": "text", "text": "Hel"}]}}}),
                json!({"event": "on_message_delta", "data": {"id": "step_r_1", "delta": {"content": [{"type": "text", "text": "lo"}]}}}),
            ]
        );
        assert_eq!(
            telling.content(),
            vec![
                json!({"type": "think", "think": "hm"}),
                json!({"type": "text", "text": "Hello"})
            ]
        );
    }

    #[test]
    fn an_event_that_comes_twice_is_told_once() {
        let mut telling = Telling::new("r");
        let log = events(vec![text("a")]);
        assert_eq!(telling.tell(&log[0]).len(), 2);
        assert_eq!(telling.tell(&log[0]), Vec::new());
    }

    /// What a client makes of frames: a state that it was given, then steps and deltas.
    fn read(state: Vec<Value>, frames: &[Frame]) -> Vec<Value> {
        let mut parts = state;
        for frame in data(frames) {
            let data = &frame["data"];
            if frame["event"] == "on_run_step" {
                assert_eq!(data["index"], parts.len());
                parts.push(Value::Null);
                continue;
            }
            let id = data["id"].as_str().unwrap();
            let at: usize = id.rsplit('_').next().unwrap().parse().unwrap();
            let delta = &data["delta"]["content"][0];
            let kind = delta["type"].as_str().unwrap();
            let old = parts[at][kind].as_str().unwrap_or_default();
            assert!(parts[at].is_null() || parts[at]["type"] == kind);
            let whole = format!("{old}{}", delta[kind].as_str().unwrap());
            parts[at] = json!({"type": kind, kind: whole});
        }
        parts
    }

    fn any_event() -> impl Strategy<Value = RunEvent> {
        prop_oneof![
            "[a-z ]{0,4}".prop_map(|words| text(&words)),
            "[a-z ]{0,4}".prop_map(|words| thought(&words)),
            Just(RunEvent::Completion(CompletionEvent::Usage(
                Usage::default()
            ))),
        ]
    }

    proptest! {
        #[test]
        fn a_reader_that_comes_back_has_no_gap_and_no_overlap(
            log in prop::collection::vec(any_event(), 0..40), cut in any::<prop::sample::Index>()
        ) {
            let log = events(log);
            let cut = cut.index(log.len() + 1);
            let mut telling = Telling::new("r");
            let mut whole = Vec::new();
            for event in &log {
                whole.extend(telling.tell(event));
            }
            let mut second = Telling::new("r");
            for event in &log[..cut] {
                second.tell(event);
            }
            let state = second.content();
            let rest: Vec<Frame> = log[cut..].iter().flat_map(|event| second.tell(event)).collect();
            prop_assert_eq!(read(state, &rest), read(Vec::new(), &whole));
            prop_assert_eq!(telling.content(), second.content());
        }
    }
}
