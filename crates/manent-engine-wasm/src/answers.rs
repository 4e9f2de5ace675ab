//! Answers that are waited for, behind plain arguments and JSON text.

use manent_engine::PersistId;
use manent_engine::answers::{
    AnswerEvent, AnswerInput, AnswerOperation, AnswerOutput, AnswerRecordError, AnswerState,
    AnswerWait, Answers, AnswersConfig, NewAnswer, read_failure,
};
use manent_types::RunId;

use crate::outbox::RefusedRecord;
use crate::record::{answer_json, read_answer};
use crate::wire::json::{Field, Held, Text, array};
use crate::wire::{WireError, uuid, whole};

/// Where an answer stands, as JSON in the words of the client's `AnswerState`.
fn state_json(state: AnswerState) -> String {
    let (name, attempt, wait) = match state {
        AnswerState::Storing => ("storing", None, None),
        AnswerState::Starting { attempt } => ("start", Some(u64::from(attempt)), None),
        AnswerState::Running => ("running", None, None),
        AnswerState::Waiting(wait) => ("waiting", None, Some(wait)),
    };
    format!(
        r#"{{"state":"{name}"{}{}{}}}"#,
        Field("attempt", attempt.map(Held::Number)),
        Field("code", wait.map(|wait| Held::Text(wait.code()))),
        Field("until", wait.and_then(AnswerWait::until).map(Held::Number)),
    )
}

fn operation_json(operation: &AnswerOperation<String>) -> String {
    match operation {
        AnswerOperation::Put(answer) => {
            let (run, record) = (answer.run, answer_json(answer));
            let record = Text(&record);
            format!(r#"{{"do":"putAnswer","key":"{run}","record":{record}}}"#)
        }
        AnswerOperation::Delete(run) => format!(r#"{{"do":"deleteAnswer","key":"{run}"}}"#),
    }
}

/// An output, as JSON; see [`AnswerOutput`].
fn output_json(output: AnswerOutput<String>) -> String {
    match output {
        AnswerOutput::Persist(id, operations) => {
            let (id, operations) = (id.0, array(operations.iter().map(operation_json)));
            format!(r#"{{"type":"persist","id":{id},"operations":{operations}}}"#)
        }
        AnswerOutput::Start {
            run,
            payload,
            attempt,
            ..
        } => {
            let payload = Text(&payload);
            format!(r#"{{"type":"start","run":"{run}","payload":{payload},"attempt":{attempt}}}"#)
        }
        AnswerOutput::Notify(event) => event_json(event),
        AnswerOutput::WakeAt(at) => format!(r#"{{"type":"wakeAt","at":{at}}}"#),
    }
}

fn event_json(event: AnswerEvent) -> String {
    match event {
        AnswerEvent::State { run, state } => {
            let state = state_json(state);
            format!(r#"{{"type":"state","run":"{run}","state":{state}}}"#)
        }
        AnswerEvent::Failed { run, code } => {
            let code = Text(&code);
            format!(r#"{{"type":"failed","run":"{run}","code":{code}}}"#)
        }
        AnswerEvent::Ended { run } => format!(r#"{{"type":"ended","run":"{run}"}}"#),
        AnswerEvent::Refused { run, .. } => format!(r#"{{"type":"refused","run":"{run}"}}"#),
        AnswerEvent::StorageRefused { .. } => r#"{"type":"storageRefused"}"#.to_owned(),
        AnswerEvent::StorageRecovered => r#"{"type":"storageRecovered"}"#.to_owned(),
        AnswerEvent::InvariantHeld(invariant) => {
            format!(r#"{{"type":"invariantHeld","invariant":"{invariant}"}}"#)
        }
    }
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
        Ok(array(refused.iter().map(RefusedRecord::json)))
    }

    pub(crate) fn release(&mut self, now: f64, runs: &[String]) -> Result<(), WireError> {
        let runs = runs
            .iter()
            .map(|run| run_id(run))
            .collect::<Result<_, _>>()?;
        self.handle(now, AnswerInput::Release(runs))
    }

    pub(crate) fn poll(&mut self) -> Option<String> {
        self.answers.poll_output().map(output_json)
    }

    #[cfg(test)]
    fn pending_runs(&self) -> Vec<String> {
        let pending = self.answers.pending();
        pending.map(|(stored, _)| stored.run.to_string()).collect()
    }

    pub(crate) fn state(&self, run: &str) -> Result<Option<String>, WireError> {
        Ok(self.answers.state(run_id(run)?).map(state_json))
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
        std::iter::from_fn(|| answers.poll())
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
        assert_eq!(answers.pending_runs(), [RUN]);
    }
}
