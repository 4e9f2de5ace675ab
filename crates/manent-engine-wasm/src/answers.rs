//! Answers that are waited for, behind plain arguments and JSON text.

use manent_engine::answers::{
    AnswerEvent, AnswerInput, AnswerOperation, AnswerOutput, AnswerRecordError, AnswerState,
    Answers, AnswersConfig, NewAnswer, read_failure,
};
use manent_engine::{Millis, PersistId};
use manent_types::RunId;
use serde::Serialize;

use crate::outbox::RefusedRecord;
use crate::record::read_answer;
use crate::wire::{WireError, uuid, whole};

/// Where an answer stands, in the words of the client's `AnswerState`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAnswerState {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Millis>,
}

impl From<AnswerState> for WireAnswerState {
    fn from(state: AnswerState) -> Self {
        let plain = |state| Self {
            state,
            ..Self::default()
        };
        match state {
            AnswerState::Storing => plain("storing"),
            AnswerState::Starting { attempt } => Self {
                attempt: Some(attempt),
                ..plain("start")
            },
            AnswerState::Running => plain("running"),
            AnswerState::Waiting(wait) => Self {
                code: Some(wait.code()),
                until: wait.until(),
                ..plain("waiting")
            },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum WireAnswerOperation {
    PutAnswer { key: RunId, record: String },
    DeleteAnswer { key: RunId },
}

/// An output; see [`AnswerOutput`].
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum WireAnswerOutput {
    Persist {
        id: u64,
        operations: Vec<WireAnswerOperation>,
    },
    Start {
        run: RunId,
        payload: String,
        attempt: u32,
    },
    State {
        run: RunId,
        state: WireAnswerState,
    },
    Failed {
        run: RunId,
        code: String,
    },
    Ended {
        run: RunId,
    },
    Refused {
        run: RunId,
    },
    StorageRefused,
    StorageRecovered,
    InvariantHeld {
        invariant: &'static str,
    },
    WakeAt {
        at: Millis,
    },
}

impl WireAnswerOutput {
    fn new(output: AnswerOutput<String>) -> Result<Self, WireError> {
        Ok(match output {
            AnswerOutput::Persist(id, operations) => Self::Persist {
                id: id.0,
                operations: operations
                    .into_iter()
                    .map(|operation| {
                        Ok(match operation {
                            AnswerOperation::Put(answer) => WireAnswerOperation::PutAnswer {
                                key: answer.run,
                                record: answer.encode()?,
                            },
                            AnswerOperation::Delete(key) => {
                                WireAnswerOperation::DeleteAnswer { key }
                            }
                        })
                    })
                    .collect::<Result<_, WireError>>()?,
            },
            AnswerOutput::Start {
                run,
                payload,
                attempt,
                ..
            } => Self::Start {
                run,
                payload,
                attempt,
            },
            AnswerOutput::Notify(event) => match event {
                AnswerEvent::State { run, state } => Self::State {
                    run,
                    state: state.into(),
                },
                AnswerEvent::Failed { run, code } => Self::Failed { run, code },
                AnswerEvent::Ended { run } => Self::Ended { run },
                AnswerEvent::Refused { run, .. } => Self::Refused { run },
                AnswerEvent::StorageRefused { .. } => Self::StorageRefused,
                AnswerEvent::StorageRecovered => Self::StorageRecovered,
                AnswerEvent::InvariantHeld(invariant) => Self::InvariantHeld { invariant },
            },
            AnswerOutput::WakeAt(at) => Self::WakeAt { at },
        })
    }
}

#[derive(Serialize)]
struct WirePending<'answers> {
    run: RunId,
    holder: &'answers str,
    payload: &'answers str,
    state: WireAnswerState,
}

/// See the module.
pub(crate) struct JsonAnswers {
    answers: Answers<String>,
}

fn run_id(text: &str) -> Result<RunId, WireError> {
    uuid(text).map(RunId::new)
}

impl JsonAnswers {
    pub(crate) fn new(
        holder: &str,
        seed: f64,
        max_retries: Option<u32>,
        backoff_ms: Option<u32>,
    ) -> Result<Self, WireError> {
        let mut config = AnswersConfig::new(holder.parse()?);
        config.max_retries = max_retries.unwrap_or(config.max_retries);
        config.backoff_ms = backoff_ms.map_or(config.backoff_ms, u64::from);
        Ok(Self {
            answers: Answers::new(config, Vec::new(), whole(seed)?),
        })
    }

    pub(crate) fn handle(&mut self, now: f64, input: AnswerInput<String>) -> Result<(), WireError> {
        self.answers.handle(whole(now)?, input);
        Ok(())
    }

    pub(crate) fn about(
        &mut self,
        now: f64,
        run: &str,
        input: fn(RunId) -> AnswerInput<String>,
    ) -> Result<(), WireError> {
        let run = run_id(run)?;
        self.handle(now, input(run))
    }

    pub(crate) fn want(
        &mut self,
        now: f64,
        run: &str,
        payload: String,
        trace: Option<String>,
    ) -> Result<(), WireError> {
        let answer = NewAnswer {
            run: run_id(run)?,
            payload,
            trace: trace.map(TryInto::try_into).transpose()?,
        };
        self.handle(now, AnswerInput::Want(answer))
    }

    pub(crate) fn persisted(
        &mut self,
        now: f64,
        transaction: f64,
        is_done: bool,
    ) -> Result<(), WireError> {
        let id = PersistId(whole(transaction)?);
        let input = if is_done {
            AnswerInput::Persisted(id)
        } else {
            AnswerInput::PersistFailed(id)
        };
        self.handle(now, input)
    }

    pub(crate) fn failed(
        &mut self,
        now: f64,
        run: &str,
        status: u16,
        code: Option<&str>,
        retry_after_ms: Option<f64>,
    ) -> Result<(), WireError> {
        let retry_after_ms = retry_after_ms.map(whole).transpose()?;
        let input = AnswerInput::Failed {
            run: run_id(run)?,
            failure: read_failure(status, code, retry_after_ms),
        };
        self.handle(now, input)
    }

    /// Takes over records of the store; tells those that cannot be used.
    pub(crate) fn adopt(&mut self, now: f64, records: &[String]) -> Result<String, WireError> {
        let mut adopted = Vec::new();
        let mut refused = Vec::new();
        for (place, record) in records.iter().enumerate() {
            match read_answer(record) {
                Ok(answer) => adopted.push(answer),
                Err(error) => refused.push(RefusedRecord {
                    place,
                    is_newer: matches!(error, AnswerRecordError::Newer { .. }),
                    detail: error.to_string(),
                }),
            }
        }
        self.handle(now, AnswerInput::Adopt(adopted))?;
        Ok(serde_json::to_string(&refused)?)
    }

    pub(crate) fn release(&mut self, now: f64, runs: &[String]) -> Result<(), WireError> {
        let runs = runs
            .iter()
            .map(|run| run_id(run))
            .collect::<Result<_, _>>()?;
        self.handle(now, AnswerInput::Release(runs))
    }

    pub(crate) fn poll(&mut self) -> Result<Option<String>, WireError> {
        let Some(output) = self.answers.poll_output() else {
            return Ok(None);
        };
        Ok(Some(serde_json::to_string(&WireAnswerOutput::new(
            output,
        )?)?))
    }

    pub(crate) fn pending(&self) -> Result<String, WireError> {
        let pending: Vec<_> = self
            .answers
            .pending()
            .map(|(stored, state)| WirePending {
                run: stored.run,
                holder: stored.holder.as_str(),
                payload: &stored.payload,
                state: state.into(),
            })
            .collect();
        Ok(serde_json::to_string(&pending)?)
    }

    pub(crate) fn state(&self, run: &str) -> Result<Option<String>, WireError> {
        let Some(state) = self.answers.state(run_id(run)?) else {
            return Ok(None);
        };
        Ok(Some(serde_json::to_string(&WireAnswerState::from(state))?))
    }
}

/// Whose a record is: for the shell, which adopts only what is nobody's. Nothing where it cannot be read.
pub(crate) fn holder_of(record: &str) -> Option<String> {
    read_answer(record)
        .ok()
        .map(|answer| String::from(answer.holder))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const RUN: &str = "0199c0de-0000-7000-8000-00000000000a";

    fn outputs(answers: &mut JsonAnswers) -> Vec<Value> {
        std::iter::from_fn(|| answers.poll().unwrap())
            .map(|output| serde_json::from_str(&output).unwrap())
            .collect()
    }

    #[test]
    fn an_answer_is_written_then_asked_for_then_forgotten() {
        let mut answers = JsonAnswers::new("laptop-0", 1.0, None, None).unwrap();
        answers.want(1.0, RUN, "{}".to_owned(), None).unwrap();
        let told = outputs(&mut answers);
        assert_eq!(told[0]["type"], "persist");
        let record = told[0]["operations"][0]["record"].as_str().unwrap();
        assert_eq!(holder_of(record).as_deref(), Some("laptop-0"));

        answers.persisted(2.0, 1.0, true).unwrap();
        let told = outputs(&mut answers);
        assert!(
            told.contains(&json!({"type": "start", "run": RUN, "payload": "{}", "attempt": 1}))
        );

        let input = AnswerInput::Ended;
        answers.about(3.0, RUN, input).unwrap();
        let told = outputs(&mut answers);
        assert!(told.contains(&json!({"type": "ended", "run": RUN})));
        assert_eq!(answers.state(RUN).unwrap(), None);
    }

    #[test]
    fn what_can_never_come_is_told() {
        let mut answers = JsonAnswers::new("laptop-0", 1.0, None, None).unwrap();
        answers.want(1.0, RUN, "{}".to_owned(), None).unwrap();
        answers.persisted(2.0, 1.0, true).unwrap();
        outputs(&mut answers);
        answers
            .failed(3.0, RUN, 422, Some("unknown_model"), None)
            .unwrap();
        let told = outputs(&mut answers);
        assert!(told.contains(&json!({"type": "failed", "run": RUN, "code": "unknown_model"})));
    }

    #[test]
    fn records_that_cannot_be_read_are_told_and_cost_nothing_else() {
        let mut answers = JsonAnswers::new("laptop-0", 1.0, None, None).unwrap();
        let records = [
            "nonsense".to_owned(),
            format!(
                r#"{{"version":1,"answer":{{"run":"{RUN}","holder":"laptop-1","payload":"{{}}","wantedAt":4}}}}"#
            ),
        ];
        let refused: Value = serde_json::from_str(&answers.adopt(1.0, &records).unwrap()).unwrap();
        assert_eq!(refused[0]["place"], 0);
        let pending: Value = serde_json::from_str(&answers.pending().unwrap()).unwrap();
        assert_eq!(pending[0]["run"], RUN);
    }
}
