//! One transaction at a time, for both machines.

use manent_engine::answers::{AnswerInput, AnswerOperation};
use manent_engine::{Input, PersistId, StoreOperation};

use super::{Driver, Finished};
use crate::answers::AnswerPayload;
use crate::payload::Payload;
use crate::store::{Change, Key, StorageWarning, WriteError};

/// What the machines wait for.
#[derive(Default)]
pub(super) struct Writes {
    /// To be written next.
    engine: Option<(PersistId, Vec<StoreOperation<Payload>>)>,
    answers: Option<(PersistId, Vec<AnswerOperation<AnswerPayload>>)>,
    /// Being written.
    writing: Option<Writing>,
    /// Why the last transaction was refused.
    refusal: String,
}

#[derive(Clone, Copy, Default)]
struct Writing {
    engine: Option<PersistId>,
    answers: Option<PersistId>,
}

impl Writes {
    pub(super) fn of_engine(&mut self, id: PersistId, operations: Vec<StoreOperation<Payload>>) {
        self.engine = Some((id, operations));
    }

    pub(super) fn of_answers(
        &mut self,
        id: PersistId,
        operations: Vec<AnswerOperation<AnswerPayload>>,
    ) {
        self.answers = Some((id, operations));
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    pub(super) fn refusal(&self) -> &str {
        &self.refusal
    }
}

impl Driver {
    /// Begins the next transaction, when there is something to write and none is under way.
    pub(super) fn write(&mut self) {
        if self.writes.writing.is_some() {
            return;
        }
        let (engine, answers) = (self.writes.engine.take(), self.writes.answers.take());
        if engine.is_none() && answers.is_none() {
            return;
        }
        self.writes.writing = Some(Writing {
            engine: engine.as_ref().map(|(id, _)| *id),
            answers: answers.as_ref().map(|(id, _)| *id),
        });
        let engine = engine.map_or_else(Vec::new, |(_, operations)| operations);
        let answers = answers.map_or_else(Vec::new, |(_, operations)| operations);
        let changes = changes(&engine, &answers);
        let store = self.store.clone();
        self.work.spawn(async move {
            Finished::Written(match changes {
                Ok(changes) => store.write(changes).await,
                Err(error) => Err(WriteError::Refused(error.to_string())),
            })
        });
    }

    pub(super) fn on_written(&mut self, result: Result<(), WriteError>) {
        let writing = self.writes.writing.take().unwrap_or_default();
        let is_lost = matches!(result, Err(WriteError::Replaced(_)));
        match result {
            Ok(()) => {
                if let Some(id) = writing.engine {
                    self.handle(Input::Persisted(id));
                }
                if let Some(id) = writing.answers {
                    self.handle_answers(AnswerInput::Persisted(id));
                }
                return;
            }
            Err(WriteError::Refused(reason)) => self.writes.refusal = reason,
            Err(WriteError::Replaced(warning)) => self.on_replaced(warning),
        }
        if let Some(id) = writing.engine {
            self.handle(Input::PersistFailed(id));
        }
        if let Some(id) = writing.answers {
            self.handle_answers(AnswerInput::PersistFailed(id));
        }
        if is_lost {
            self.handle(Input::StorageLost);
            self.handle_answers(AnswerInput::StorageLost);
        }
    }

    /// The file is a new and empty one.
    fn on_replaced(&mut self, warning: StorageWarning) {
        tracing::error!(
            "the outbox's file was lost or damaged while it was in use: everything is written anew"
        );
        "the file was replaced".clone_into(&mut self.writes.refusal);
        self.warn(warning);
        let installation = Change::Put(Key::installation(), self.installation.clone());
        let store = self.store.clone();
        tokio::spawn(async move {
            if store.write(vec![installation]).await.is_err() {
                tracing::warn!(
                    "the new outbox has no name yet: the next start gives it another one"
                );
            }
        });
    }
}

fn changes(
    engine: &[StoreOperation<Payload>],
    answers: &[AnswerOperation<AnswerPayload>],
) -> Result<Vec<Change>, serde_json::Error> {
    let of_engine = engine.iter().map(Change::of);
    let of_answers = answers.iter().map(Change::of_answer);
    of_engine.chain(of_answers).collect()
}
