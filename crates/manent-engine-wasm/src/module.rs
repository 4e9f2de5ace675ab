//! What JavaScript sees. Each method is a line into the modules beside this one.
#![expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "optional texts and lists cross the boundary by value only, and a struct would cost more code there than its fields"
)]

use manent_engine::answers::AnswerInput;
use manent_engine::{EngineConfig, Failure, Input};
use wasm_bindgen::prelude::*;

use crate::answers::{JsonAnswers, holder_of};
use crate::breaker::JsonBreaker;
use crate::outbox::{ItemText, JsonOutbox};
use crate::wire::item_id;

fn told<T, E: std::error::Error>(result: Result<T, E>) -> Result<T, JsError> {
    result.map_err(|error| JsError::new(&error.to_string()))
}

/// The durable outbox. `now` is milliseconds by the caller's clock. After each call that has it, call `poll` until it gives nothing.
#[wasm_bindgen]
pub struct Outbox(JsonOutbox);

#[wasm_bindgen]
impl Outbox {
    /// An outbox over the records that the device's store held. The seed, a whole number, decides every jitter.
    #[wasm_bindgen(constructor)]
    pub fn new(
        seed: f64,
        leads: bool,
        max_retries: Option<u32>,
        backoff_ms: Option<u32>,
        max_items: Option<u32>,
        records: Vec<String>,
    ) -> Result<Outbox, JsError> {
        let defaults = EngineConfig::default();
        let config = EngineConfig {
            leads,
            max_retries: max_retries.unwrap_or(defaults.max_retries),
            backoff_ms: backoff_ms.map_or(defaults.backoff_ms, u64::from),
            max_items: max_items.map(|most| most as usize),
            ..defaults
        };
        told(JsonOutbox::new(config, seed, &records)).map(Self)
    }

    /// The records that cannot be used, as JSON: keep them aside.
    #[wasm_bindgen(js_name = refusedRecords)]
    pub fn refused_records(&self) -> String {
        self.0.refused_records()
    }

    /// Time passed.
    pub fn wake(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, Input::Wake))
    }

    /// Put this into the outbox.
    pub fn enqueue(
        &mut self,
        now: f64,
        id: &str,
        device: &str,
        conversation: &str,
        parent: Option<String>,
        payload: &str,
        trace: Option<String>,
    ) -> Result<(), JsError> {
        let item = ItemText {
            id,
            device,
            conversation,
            parent: parent.as_deref(),
            payload,
            trace: trace.as_deref(),
        };
        told(self.0.enqueue(now, &item))
    }

    /// The store holds a transaction durably, or refused it as a whole.
    pub fn persisted(&mut self, now: f64, transaction: f64, is_done: bool) -> Result<(), JsError> {
        told(self.0.persisted(now, transaction, is_done))
    }

    /// A request was answered by HTTP, whatever the answer says.
    pub fn answered(
        &mut self,
        now: f64,
        request: f64,
        status: u16,
        retry_after_ms: Option<f64>,
        body: &str,
    ) -> Result<(), JsError> {
        told(self.0.answered(now, request, status, retry_after_ms, body))
    }

    /// A create that belongs to a request was answered by HTTP. `false`: it failed, and the request with it.
    #[wasm_bindgen(js_name = createAnswered)]
    pub fn create_answered(
        &mut self,
        now: f64,
        request: f64,
        status: u16,
        retry_after_ms: Option<f64>,
        body: &str,
    ) -> Result<bool, JsError> {
        told(
            self.0
                .create_answered(now, request, status, retry_after_ms, body),
        )
    }

    /// A request ended without an answer. `how`: `network` (it failed, or time ran out), `aborted` (the shell broke it off), `notSent` (nothing
    /// left this device).
    pub fn unanswered(&mut self, now: f64, request: f64, how: &str) -> Result<(), JsError> {
        let failure = match how {
            "aborted" => Failure::UserAbort,
            "notSent" => Failure::NotSent,
            _ => Failure::Infrastructure,
        };
        told(self.0.unanswered(now, request, failure))
    }

    /// Try once, early.
    #[wasm_bindgen(js_name = probeNow)]
    pub fn probe_now(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, Input::ProbeNow))
    }

    /// Someone signed in.
    #[wasm_bindgen(js_name = signedIn)]
    pub fn signed_in(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, Input::SignedIn))
    }

    /// Empty the store; unless confirmed, only when nothing would be lost.
    #[wasm_bindgen(js_name = signOut)]
    pub fn sign_out(&mut self, now: f64, is_confirmed: bool) -> Result<(), JsError> {
        told(self.0.handle(now, Input::SignOut { is_confirmed }))
    }

    /// Take back an item that was never sent.
    pub fn withdraw(&mut self, now: f64, id: &str) -> Result<(), JsError> {
        let id = told(item_id(id))?;
        told(self.0.handle(now, Input::Withdraw(id)))
    }

    /// Change an item that was never sent.
    pub fn replace(&mut self, now: f64, id: &str, payload: &str) -> Result<(), JsError> {
        told(self.0.replace(now, id, payload))
    }

    /// Send a failed item again; with a payload in another form, below `parent`.
    pub fn retry(
        &mut self,
        now: f64,
        id: &str,
        payload: Option<String>,
        parent: Option<String>,
    ) -> Result<(), JsError> {
        told(self.0.retry(now, id, payload.as_deref(), parent.as_deref()))
    }

    /// The server has this very item, with this content, as its feed told: it is saved, wherever it stands, and what was blocked by it
    /// follows. Unknown ones are ignored.
    #[wasm_bindgen(js_name = seenSaved)]
    pub fn seen_saved(&mut self, now: f64, id: &str, position: Option<f64>) -> Result<(), JsError> {
        told(self.0.seen_saved(now, id, position))
    }

    /// Throw a failed item away.
    pub fn discard(&mut self, now: f64, id: &str) -> Result<(), JsError> {
        let id = told(item_id(id))?;
        told(self.0.handle(now, Input::Discard(id)))
    }

    /// Bring a discarded item back into the tray.
    pub fn undo(&mut self, now: f64, id: &str) -> Result<(), JsError> {
        let id = told(item_id(id))?;
        told(self.0.handle(now, Input::Undo(id)))
    }

    /// Take over these records, which the store holds now.
    pub fn adopt(&mut self, now: f64, records: Vec<String>) -> Result<(), JsError> {
        told(self.0.adopt(now, &records))
    }

    /// The ids of items that these records build on, and that have to be adopted with them where the store has them.
    #[wasm_bindgen(js_name = missingParents)]
    pub fn missing_parents(&self, records: Vec<String>) -> Vec<String> {
        self.0.missing_parents(&records)
    }

    /// Another engine looks after these now.
    pub fn release(&mut self, now: f64, ids: Vec<String>) -> Result<(), JsError> {
        told(self.0.release(now, &ids))
    }

    /// Whether this engine is the one that sends.
    pub fn lead(&mut self, now: f64, leads: bool) -> Result<(), JsError> {
        told(self.0.handle(now, Input::Lead(leads)))
    }

    /// The device's store was emptied or replaced: everything is written again.
    #[wasm_bindgen(js_name = storageLost)]
    pub fn storage_lost(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, Input::StorageLost))
    }

    /// The next thing to do, as JSON.
    pub fn poll(&mut self) -> Result<Option<String>, JsError> {
        told(self.0.poll())
    }

    /// Where an item stands, as JSON; nothing for one that the engine does not have.
    pub fn state(&self, id: &str) -> Result<Option<String>, JsError> {
        told(self.0.state(id))
    }

    /// At most so many items after one of them, or from the first, as JSON.
    #[wasm_bindgen(js_name = itemsAfter)]
    pub fn items_after(&self, after: Option<String>, limit: u32) -> Result<String, JsError> {
        told(self.0.items_after(after.as_deref(), limit as usize))
    }

    /// An item that is not saved, as JSON.
    pub fn item(&self, id: &str) -> Result<Option<String>, JsError> {
        told(self.0.item(id))
    }

    /// Whether a request with the item may have left.
    #[wasm_bindgen(js_name = mayBeSent)]
    pub fn may_be_sent(&self, id: &str) -> Result<bool, JsError> {
        told(self.0.may_be_sent(id))
    }

    /// What happened to an item, as JSON.
    pub fn history(&self, id: &str) -> Result<String, JsError> {
        told(self.0.history(id))
    }

    /// What holds up the queue, as JSON; nothing where nothing does.
    pub fn wait(&self) -> Option<String> {
        self.0.wait()
    }

    /// The counts, as JSON.
    pub fn metrics(&self) -> String {
        self.0.metrics()
    }

    /// Whether nothing is left to be sent or written.
    #[wasm_bindgen(js_name = isIdle)]
    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }
}

/// A circuit breaker for other calls.
#[wasm_bindgen]
pub struct CircuitBreaker(JsonBreaker);

#[wasm_bindgen]
impl CircuitBreaker {
    /// Opens after `threshold` failures in a row, for `open_ms` at first and `open_cap_ms` at most. The seed decides the jitter.
    #[wasm_bindgen(constructor)]
    pub fn new(
        threshold: u32,
        open_ms: f64,
        open_cap_ms: f64,
        seed: f64,
    ) -> Result<CircuitBreaker, JsError> {
        told(JsonBreaker::new(threshold, open_ms, open_cap_ms, seed)).map(Self)
    }

    /// Takes a permit, as JSON; a probe must be answered by one of the next three.
    pub fn acquire(&mut self, now: f64, is_early: bool) -> Result<String, JsError> {
        told(self.0.acquire(now, is_early))
    }

    /// The other side works.
    pub fn succeeded(&mut self) {
        self.0.succeeded();
    }

    /// The other side does not work.
    pub fn failed(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.failed(now))
    }

    /// The attempt told nothing.
    pub fn abandoned(&mut self) {
        self.0.abandoned();
    }

    /// Where it stands, as JSON.
    pub fn state(&self) -> String {
        self.0.state()
    }
}

/// The answers that are waited for. As with [`Outbox`], call `poll` after each call that has `now`.
#[wasm_bindgen]
pub struct Answers(JsonAnswers);

#[wasm_bindgen]
impl Answers {
    /// `holder` is the device id of this tab. The seed, a whole number, decides every jitter.
    #[wasm_bindgen(constructor)]
    pub fn new(
        holder: &str,
        seed: f64,
        max_retries: Option<u32>,
        backoff_ms: Option<u32>,
    ) -> Result<Answers, JsError> {
        told(JsonAnswers::new(holder, seed, max_retries, backoff_ms)).map(Self)
    }

    /// Time passed.
    pub fn wake(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, AnswerInput::Wake))
    }

    /// Remember this answer and then ask for it.
    pub fn want(
        &mut self,
        now: f64,
        run: &str,
        payload: String,
        trace: Option<String>,
    ) -> Result<(), JsError> {
        told(self.0.want(now, run, payload, trace))
    }

    /// The store holds a transaction durably, or refused it as a whole.
    pub fn persisted(&mut self, now: f64, transaction: f64, is_done: bool) -> Result<(), JsError> {
        told(self.0.persisted(now, transaction, is_done))
    }

    /// The first event of the run came.
    pub fn began(&mut self, now: f64, run: &str) -> Result<(), JsError> {
        told(self.0.about(now, run, AnswerInput::Began))
    }

    /// Its end was seen, or nobody wants it any more.
    pub fn ended(&mut self, now: f64, run: &str) -> Result<(), JsError> {
        told(self.0.about(now, run, AnswerInput::Ended))
    }

    /// Asking for it or reading it failed; a status of 0 is the network.
    pub fn failed(
        &mut self,
        now: f64,
        run: &str,
        status: u16,
        code: Option<String>,
        retry_after_ms: Option<f64>,
    ) -> Result<(), JsError> {
        told(
            self.0
                .failed(now, run, status, code.as_deref(), retry_after_ms),
        )
    }

    /// Try once, early.
    #[wasm_bindgen(js_name = probeNow)]
    pub fn probe_now(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, AnswerInput::ProbeNow))
    }

    /// Someone signed in.
    #[wasm_bindgen(js_name = signedIn)]
    pub fn signed_in(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, AnswerInput::SignedIn))
    }

    /// Look after these records from now on. Tells those that cannot be used, as JSON.
    pub fn adopt(&mut self, now: f64, records: Vec<String>) -> Result<String, JsError> {
        told(self.0.adopt(now, &records))
    }

    /// Another tab looks after these, or saw their end.
    pub fn release(&mut self, now: f64, runs: Vec<String>) -> Result<(), JsError> {
        told(self.0.release(now, &runs))
    }

    /// The device's store was emptied or replaced: everything is written again.
    #[wasm_bindgen(js_name = storageLost)]
    pub fn storage_lost(&mut self, now: f64) -> Result<(), JsError> {
        told(self.0.handle(now, AnswerInput::StorageLost))
    }

    /// The next thing to do, as JSON.
    pub fn poll(&mut self) -> Option<String> {
        self.0.poll()
    }

    /// Where an answer stands, as JSON; nothing for one that is not waited for.
    pub fn state(&self, run: &str) -> Result<Option<String>, JsError> {
        told(self.0.state(run))
    }
}

/// The device id of whoever looks after the answer of a record; nothing where it cannot be read.
#[wasm_bindgen(js_name = answerHolder)]
pub fn answer_holder(record: &str) -> Option<String> {
    holder_of(record)
}
