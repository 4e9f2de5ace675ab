//! The outbox behind plain arguments and JSON text; free of JavaScript, so that it is tested as any other crate.

use manent_engine::append_api::{
    HttpAnswer, MessagePayload, read_append_answer, read_create_answer,
};
use manent_engine::{
    Answer, Change, Engine, EngineConfig, Failure, Input, ItemId, LaneId, NewItem, PersistId,
    RecordError, RequestId,
};

use crate::record::{object, read_records};
use crate::wire::json::{Text, array};
use crate::wire::{
    WireError, WireState, history_json, item_id, item_json, metrics_json, output_json, uuid, whole,
};

/// A record that cannot be used: the shell keeps it aside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RefusedRecord {
    /// Its place among the records that were handed in.
    pub(crate) place: usize,
    pub(crate) is_newer: bool,
    pub(crate) detail: String,
}

impl RefusedRecord {
    pub(crate) fn json(&self) -> String {
        let (place, is_newer, detail) = (self.place, self.is_newer, Text(&self.detail));
        format!(r#"{{"place":{place},"isNewer":{is_newer},"detail":{detail}}}"#)
    }
}

/// An item as the shell hands it in.
pub(crate) struct ItemText<'text> {
    pub(crate) id: &'text str,
    pub(crate) device: &'text str,
    pub(crate) conversation: &'text str,
    pub(crate) parent: Option<&'text str>,
    /// A JSON object.
    pub(crate) payload: &'text str,
    /// A `traceparent`.
    pub(crate) trace: Option<&'text str>,
}

/// See the crate.
pub(crate) struct JsonOutbox {
    engine: Engine<MessagePayload>,
    refused: Vec<RefusedRecord>,
}

impl JsonOutbox {
    pub(crate) fn new(
        config: EngineConfig,
        seed: f64,
        records: &[String],
    ) -> Result<Self, WireError> {
        let (snapshot, refused) = read_records(records);
        Ok(Self {
            engine: Engine::new(config, snapshot, whole(seed)?),
            refused: refused_records(refused),
        })
    }

    /// The records handed to [`Self::new`] that cannot be used.
    pub(crate) fn refused_records(&self) -> String {
        array(self.refused.iter().map(RefusedRecord::json))
    }

    pub(crate) fn handle(
        &mut self,
        now: f64,
        input: Input<MessagePayload>,
    ) -> Result<(), WireError> {
        self.engine.handle(whole(now)?, input);
        Ok(())
    }

    pub(crate) fn enqueue(&mut self, now: f64, item: &ItemText<'_>) -> Result<(), WireError> {
        let new = NewItem {
            id: item_id(item.id)?,
            lane: LaneId {
                device: item.device.parse()?,
                stream: uuid(item.conversation)?,
            },
            parent: item.parent.map(item_id).transpose()?,
            payload: object(item.payload)?,
            size_bytes: item.payload.len() as u64,
            trace: item.trace.map(str::parse).transpose()?,
        };
        self.handle(now, Input::Enqueue(new))
    }

    pub(crate) fn replace(&mut self, now: f64, id: &str, payload: &str) -> Result<(), WireError> {
        let input = Input::Replace {
            id: item_id(id)?,
            payload: object(payload)?,
            size_bytes: payload.len() as u64,
        };
        self.handle(now, input)
    }

    /// Sends a failed item again, in another form where there is a payload; `parent` belongs to that form.
    pub(crate) fn retry(
        &mut self,
        now: f64,
        id: &str,
        payload: Option<&str>,
        parent: Option<&str>,
    ) -> Result<(), WireError> {
        let change = match payload {
            None => None,
            Some(payload) => Some(Change {
                payload: object(payload)?,
                size_bytes: payload.len() as u64,
                parent: parent.map(item_id).transpose()?,
            }),
        };
        let id = item_id(id)?;
        self.handle(now, Input::Retry { id, change })
    }

    /// The server has an item, as its feed told.
    pub(crate) fn seen_saved(
        &mut self,
        now: f64,
        id: &str,
        position: Option<f64>,
    ) -> Result<(), WireError> {
        let id = item_id(id)?;
        let position = position.map(whole).transpose()?;
        self.handle(now, Input::SeenSaved { id, position })
    }

    /// The store confirmed a transaction, or refused it.
    pub(crate) fn persisted(
        &mut self,
        now: f64,
        transaction: f64,
        is_done: bool,
    ) -> Result<(), WireError> {
        let id = PersistId(whole(transaction)?);
        let input = if is_done {
            Input::Persisted(id)
        } else {
            Input::PersistFailed(id)
        };
        self.handle(now, input)
    }

    /// A request was answered by HTTP.
    pub(crate) fn answered(
        &mut self,
        now: f64,
        request: f64,
        status: u16,
        retry_after_ms: Option<f64>,
        body: &str,
    ) -> Result<(), WireError> {
        let answer = read_append_answer(HttpAnswer {
            status,
            retry_after_ms: retry_after_ms.map(whole).transpose()?,
            body: body.as_bytes(),
        });
        self.ended(now, request, answer)
    }

    /// A create that belongs to a request was answered by HTTP. `false`: it failed, and the request with it.
    pub(crate) fn create_answered(
        &mut self,
        now: f64,
        request: f64,
        status: u16,
        retry_after_ms: Option<f64>,
        body: &str,
    ) -> Result<bool, WireError> {
        let read = read_create_answer(HttpAnswer {
            status,
            retry_after_ms: retry_after_ms.map(whole).transpose()?,
            body: body.as_bytes(),
        });
        match read {
            Ok(()) => Ok(true),
            Err(failure) => self.unanswered(now, request, failure).map(|()| false),
        }
    }

    /// A request ended without an answer.
    pub(crate) fn unanswered(
        &mut self,
        now: f64,
        request: f64,
        failure: Failure,
    ) -> Result<(), WireError> {
        self.ended(now, request, Answer::Failed(failure))
    }

    fn ended(&mut self, now: f64, request: f64, answer: Answer) -> Result<(), WireError> {
        let request = RequestId(whole(request)?);
        self.handle(now, Input::Answered { request, answer })
    }

    /// Takes over records of the store. Those that cannot be read are left out: the shell puts them aside when it reads the store whole.
    pub(crate) fn adopt(&mut self, now: f64, records: &[String]) -> Result<(), WireError> {
        let (snapshot, _refused) = read_records(records);
        self.handle(now, Input::Adopt(snapshot))
    }

    /// Items that these records build on and that have to be adopted with them, where the store has them.
    pub(crate) fn missing_parents(&self, records: &[String]) -> Vec<String> {
        let (snapshot, _refused) = read_records(records);
        let missing = self.engine.missing_parents(&snapshot);
        missing.iter().map(ItemId::to_string).collect()
    }

    pub(crate) fn release(&mut self, now: f64, ids: &[String]) -> Result<(), WireError> {
        let ids = ids.iter().map(|id| item_id(id)).collect::<Result<_, _>>()?;
        self.handle(now, Input::Release(ids))
    }

    pub(crate) fn poll(&mut self) -> Result<Option<String>, WireError> {
        let Some(output) = self.engine.poll_output() else {
            return Ok(None);
        };
        Ok(Some(output_json(output)?))
    }

    pub(crate) fn state(&self, id: &str) -> Result<Option<String>, WireError> {
        let state = self.engine.state(item_id(id)?);
        Ok(state.map(|state| WireState::from(state).to_string()))
    }

    /// At most so many items after one of them, or from the first.
    pub(crate) fn items_after(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<String, WireError> {
        let items: Vec<String> = self
            .engine
            .items_after(after.map(item_id).transpose()?, limit)
            .into_iter()
            .map(|(stored, state)| item_json(stored, self.engine.may_be_sent(stored.id), state))
            .collect::<Result<_, _>>()?;
        Ok(array(items.into_iter()))
    }

    pub(crate) fn item(&self, id: &str) -> Result<Option<String>, WireError> {
        let id = item_id(id)?;
        let (Some(stored), Some(state)) = (self.engine.item(id), self.engine.state(id)) else {
            return Ok(None);
        };
        let may_be_sent = self.engine.may_be_sent(id);
        Ok(Some(item_json(stored, may_be_sent, state)?))
    }

    pub(crate) fn may_be_sent(&self, id: &str) -> Result<bool, WireError> {
        Ok(self.engine.may_be_sent(item_id(id)?))
    }

    pub(crate) fn history(&self, id: &str) -> Result<String, WireError> {
        Ok(history_json(self.engine.history(item_id(id)?)))
    }

    /// What holds up the queue.
    pub(crate) fn wait(&self) -> Option<String> {
        let reason = self.engine.wait()?;
        Some(WireState::from(reason).to_string())
    }

    pub(crate) fn metrics(&self) -> String {
        metrics_json(&self.engine.metrics())
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.engine.is_idle()
    }
}

fn refused_records(refused: Vec<(usize, RecordError)>) -> Vec<RefusedRecord> {
    refused
        .into_iter()
        .map(|(place, error)| RefusedRecord {
            place,
            is_newer: matches!(error, RecordError::Newer { .. }),
            detail: error.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CONVERSATION: &str = "0199c0de-0000-7000-8000-00000000000c";
    const MESSAGE: &str = "0199c0de-0000-7000-8000-000000000001";
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    const ITEM: ItemText<'static> = ItemText {
        id: MESSAGE,
        device: "phone-0",
        conversation: CONVERSATION,
        parent: None,
        payload: r#"{"parentId":null,"role":"user","content":"Hi"}"#,
        trace: Some(TRACE),
    };

    fn outbox(records: &[String]) -> JsonOutbox {
        JsonOutbox::new(EngineConfig::default(), 1.0, records).unwrap()
    }

    fn outputs(outbox: &mut JsonOutbox) -> Vec<Value> {
        std::iter::from_fn(|| outbox.poll().unwrap())
            .map(|output| serde_json::from_str(&output).unwrap())
            .collect()
    }

    #[test]
    fn an_item_is_written_then_sent_then_saved() {
        let mut outbox = outbox(&[]);
        outbox.enqueue(1_000.0, &ITEM).unwrap();
        let told = outputs(&mut outbox);
        assert_eq!(
            told[0],
            json!({"type": "event", "event": {"type": "item", "id": MESSAGE, "state": {"state": "storing"}}})
        );
        assert_eq!(told[1]["type"], "persist");
        assert_eq!(told[1]["operations"][0]["do"], "putItem");
        assert_eq!(told[1]["operations"][0]["key"], MESSAGE);

        outbox.persisted(1_001.0, 1.0, true).unwrap();
        let told = outputs(&mut outbox);
        let send = told.iter().find(|output| output["type"] == "send").unwrap();
        let body: Value = serde_json::from_str(send["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"deviceId": "phone-0", "messages": [{
                "id": MESSAGE, "conversationId": CONVERSATION, "deviceSeq": 1,
                "parentId": null, "role": "user", "content": "Hi", "traceparent": TRACE
            }]})
        );
        assert_eq!(send["traceparent"], TRACE);

        let body = json!({"results": [{"id": MESSAGE, "outcome": "stored", "seq": 7}]}).to_string();
        let request = send["request"].as_f64().unwrap();
        outbox.answered(1_010.0, request, 200, None, &body).unwrap();
        let saved = json!({"type": "event", "event": {"type": "item", "id": MESSAGE,
            "state": {"state": "saved", "seq": 7}}});
        let told = outputs(&mut outbox);
        assert!(told.contains(&saved), "{told:?}");
    }

    #[test]
    fn an_item_that_is_seen_in_the_feed_is_saved() {
        let mut outbox = outbox(&[]);
        outbox.enqueue(1_000.0, &ITEM).unwrap();
        outbox.seen_saved(1_001.0, MESSAGE, Some(7.0)).unwrap();
        let saved = json!({"type": "event", "event": {"type": "item", "id": MESSAGE,
            "state": {"state": "saved", "seq": 7}}});
        let told = outputs(&mut outbox);
        assert!(told.contains(&saved), "{told:?}");
        assert!(outbox.seen_saved(1_002.0, "nobody", None).is_err());
    }

    #[test]
    fn a_record_that_was_written_is_read_back_and_a_newer_one_is_told() {
        let mut first = outbox(&[]);
        first.enqueue(1_000.0, &ITEM).unwrap();
        let told = outputs(&mut first);
        let record = told[1]["operations"][0]["record"].as_str().unwrap();
        let newer = r#"{"version":99,"record":{}}"#.to_owned();
        let second = outbox(&[newer, record.to_owned()]);
        let items: Value = serde_json::from_str(&second.items_after(None, 10).unwrap()).unwrap();
        assert_eq!(items[0]["id"], MESSAGE);
        assert_eq!(items[0]["payload"]["content"], "Hi");
        let refused: Value = serde_json::from_str(&second.refused_records()).unwrap();
        assert_eq!(refused[0]["place"], 0);
        assert_eq!(refused[0]["isNewer"], true);
        assert_eq!(refused.as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_conversation_that_cannot_be_made_ends_the_request() {
        let mut outbox = outbox(&[]);
        let item = ItemText {
            payload: r#"{"role":"user","content":"Hi","create":{"title":"Plan"}}"#,
            ..ITEM
        };
        outbox.enqueue(1_000.0, &item).unwrap();
        outbox.persisted(1_001.0, 1.0, true).unwrap();
        let told = outputs(&mut outbox);
        let send = told.iter().find(|output| output["type"] == "send").unwrap();
        let create: Value =
            serde_json::from_str(send["creates"][0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(create, json!({"id": CONVERSATION, "title": "Plan"}));
        assert!(!send["body"].as_str().unwrap().contains("create"));

        let request = send["request"].as_f64().unwrap();
        let goes_on = outbox.create_answered(1_002.0, request, 500, None, "");
        assert!(!goes_on.unwrap());
        let told = outputs(&mut outbox);
        let mut states = told
            .iter()
            .filter(|output| output["event"]["type"] == "item");
        assert_eq!(
            states.next_back().unwrap()["event"]["state"]["code"],
            "retry"
        );
    }

    #[test]
    fn refuses_what_it_cannot_read_and_changes_nothing() {
        let mut outbox = outbox(&[]);
        let wrong = |change: fn(&mut ItemText<'static>)| {
            let mut item = ITEM;
            change(&mut item);
            item
        };
        for item in [
            wrong(|item| item.id = "1"),
            wrong(|item| item.device = "no device"),
            wrong(|item| item.conversation = ""),
            wrong(|item| item.parent = Some("0")),
            wrong(|item| item.payload = "[]"),
            wrong(|item| item.trace = Some("00")),
        ] {
            assert!(outbox.enqueue(1_000.0, &item).is_err());
        }
        for now in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(outbox.handle(now, Input::Wake).is_err());
        }
        assert!(outbox.state("not an id").is_err());
        assert_eq!(outputs(&mut outbox), Vec::<Value>::new());
    }
}
