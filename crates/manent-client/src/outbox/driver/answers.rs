//! The answers' side of the driver.

use manent_engine::answers::{AnswerEvent, AnswerInput, AnswerOutput};
use manent_engine::{Input, ItemId, LaneId, NewItem, TraceContext};
use manent_types::{MessageStatus, Role, RunId};

use super::{Driver, Finished};
use crate::answers::{AnswerPayload, Attempt, Runner};
use crate::completion::AnswerContent;
use crate::environment;
use crate::payload::{OutgoingMessage, size_of};

impl Driver {
    pub(super) fn handle_answers(&mut self, input: AnswerInput<AnswerPayload>) {
        self.answers.handle(environment::now(), input);
        while let Some(output) = self.answers.poll_output() {
            match output {
                AnswerOutput::Persist(id, operations) => self.writes.of_answers(id, operations),
                AnswerOutput::Start {
                    run,
                    payload,
                    trace,
                    ..
                } => self.start(run, payload, trace),
                AnswerOutput::Notify(event) => self.on_answer_event(event),
                AnswerOutput::WakeAt(at) => self.wake_answers_at = Some(at),
            }
        }
    }

    fn start(&mut self, run: RunId, payload: AnswerPayload, trace: Option<TraceContext>) {
        let runner = Runner {
            api: self.api.clone(),
            board: self.board.clone(),
            creations: self.creations.clone(),
            run,
            payload,
            trace,
            began: self.began.0.clone(),
        };
        let attempt = self
            .work
            .spawn(async move { Finished::Attempted(run, runner.attempt().await) });
        if let Some(earlier) = self.attempts.insert(run, attempt) {
            earlier.abort();
        }
    }

    fn on_answer_event(&mut self, event: AnswerEvent) {
        match event {
            AnswerEvent::State { run, state } => self.board.tell(run, state),
            AnswerEvent::Failed { run, code } => {
                let mut content = self.board.content(run).unwrap_or_default();
                content.fail(&code, "The server cannot give this answer.");
                self.board.end(run, Some(&content));
            }
            AnswerEvent::Ended { run } => self.board.end(run, None),
            AnswerEvent::Refused { run, error } => {
                let mut content = AnswerContent::default();
                content.fail("too_many_answers", &error.to_string());
                self.board.end(run, Some(&content));
            }
            // The outbox's own events tell: it is one store.
            AnswerEvent::StorageRefused { .. } | AnswerEvent::StorageRecovered => {}
            AnswerEvent::InvariantHeld(which) => {
                tracing::error!(
                    which,
                    "the answers caught themselves about to break a promise"
                );
            }
        }
    }

    pub(super) fn on_attempted(&mut self, run: RunId, attempt: Attempt) {
        self.attempts.remove(&run);
        match attempt {
            Attempt::Failed(failure) => {
                self.handle_answers(AnswerInput::Failed { run, failure });
            }
            Attempt::Ended(content) => {
                self.keep(run, &content);
                // Whoever sees the end finds it counted in the outbox.
                self.tell_status();
                self.board.end(run, Some(&content));
                self.handle_answers(AnswerInput::Ended(run));
            }
        }
    }

    /// Nobody wants this answer any more.
    pub(super) fn give_up(&mut self, run: RunId) {
        if let Some(attempt) = self.attempts.remove(&run) {
            attempt.abort();
        }
        self.handle_answers(AnswerInput::Ended(run));
        self.board.end(run, None);
    }

    /// Puts an answer that the server has not stored itself into the outbox. Whoever is first stores it; the other one is a duplicate.
    fn keep(&mut self, run: RunId, content: &AnswerContent) {
        // A server that died may have stored less than it had told, or nothing: what was shown is offered to it.
        let is_whole = content.status != Some(MessageStatus::Interrupted);
        let is_stored = content
            .receipt
            .is_some_and(|receipt| is_whole && receipt.persisted == Some(true));
        let Some(payload) = self.board.payload(run) else {
            return;
        };
        if is_stored || !content.has_begun() {
            return;
        }
        let message = OutgoingMessage {
            id: payload.answer_id,
            parent_id: Some(payload.parent_id),
            role: Role::Assistant,
            content: content.parts(),
            created_at: environment::timestamp(),
            status: Some(content.status.unwrap_or(MessageStatus::Interrupted)),
            model: content.model.clone(),
            provider: content.provider.clone(),
            usage: content.usage,
        };
        let mut fields = message.payload();
        if let Some(create) = &payload.create
            && let Ok(create) = serde_json::to_value(create)
        {
            fields.insert("create".to_owned(), create);
        }
        let Ok(size_bytes) = size_of(&fields) else {
            return;
        };
        let id = ItemId(payload.answer_id.as_uuid());
        let lane = LaneId {
            device: self.device.clone(),
            stream: payload.conversation_id.as_uuid(),
        };
        self.lanes.entry(id).or_insert_with(|| lane.clone());
        self.handle(Input::Enqueue(NewItem {
            id,
            lane,
            parent: Some(ItemId(payload.parent_id.as_uuid())),
            payload: fields,
            size_bytes,
            trace: environment::new_trace(),
        }));
    }
}
