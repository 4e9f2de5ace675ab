//! What the shell must do.

use manent_engine::append_api::{MessagePayload, append_request, create_requests};
use manent_engine::{ItemId, LaneId, Millis, Output, Record, StoreOperation};
use serde::Serialize;

use super::{WireError, WireEvent};

/// One change of the device's store. `key` and `record` are opaque to the shell.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum WireStoreOperation {
    PutItem { key: ItemId, record: String },
    DeleteItem { key: ItemId },
    PutLane { key: String, record: String },
    PutPace { record: String },
    Clear,
}

/// A request to `POST /conversation/create`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireCreate {
    conversation_id: uuid::Uuid,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

/// An output; see [`Output`].
#[derive(Debug, PartialEq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum WireOutput {
    Persist {
        id: u64,
        operations: Vec<WireStoreOperation>,
    },
    Send {
        request: u64,
        /// What has to be made first, in order.
        creates: Vec<WireCreate>,
        /// The body of `POST /message/append`.
        body: String,
        ids: Vec<ItemId>,
        /// Of the first item.
        #[serde(skip_serializing_if = "Option::is_none")]
        traceparent: Option<String>,
        is_probe: bool,
    },
    Cancel {
        request: u64,
    },
    Event {
        event: WireEvent,
    },
    WakeAt {
        at: Millis,
    },
}

/// A lane's name in the store.
fn lane_key(lane: &LaneId) -> String {
    format!("{}/{}", lane.device, lane.stream.as_hyphenated())
}

impl WireStoreOperation {
    fn new(operation: StoreOperation<MessagePayload>) -> Result<Self, WireError> {
        Ok(match operation {
            StoreOperation::PutItem(item) => Self::PutItem {
                key: item.id,
                record: Record::Item(item).encode()?,
            },
            StoreOperation::DeleteItem(key) => Self::DeleteItem { key },
            StoreOperation::PutLane(lane) => Self::PutLane {
                key: lane_key(&lane.lane),
                record: Record::<MessagePayload>::Lane(lane).encode()?,
            },
            StoreOperation::PutPace(pace) => Self::PutPace {
                record: Record::<MessagePayload>::Pace(pace).encode()?,
            },
            StoreOperation::Clear => Self::Clear,
        })
    }
}

impl WireOutput {
    pub(crate) fn new(output: Output<MessagePayload>) -> Result<Self, WireError> {
        Ok(match output {
            Output::Persist(id, operations) => Self::Persist {
                id: id.0,
                operations: operations
                    .into_iter()
                    .map(WireStoreOperation::new)
                    .collect::<Result<_, _>>()?,
            },
            Output::Send(request, batch) => Self::Send {
                request: request.0,
                creates: create_requests(&batch)
                    .into_iter()
                    .map(|create| WireCreate {
                        conversation_id: create.conversation,
                        body: create.body.to_string(),
                        traceparent: create.trace.map(String::from),
                    })
                    .collect(),
                body: append_request(&batch).to_string(),
                ids: batch.items.iter().map(|item| item.id).collect(),
                traceparent: batch
                    .items
                    .iter()
                    .find_map(|item| item.trace.as_ref())
                    .map(|trace| trace.as_str().to_owned()),
                is_probe: batch.is_probe,
            },
            Output::Cancel(request) => Self::Cancel { request: request.0 },
            Output::Notify(event) => Self::Event {
                event: event.into(),
            },
            Output::WakeAt(at) => Self::WakeAt { at },
        })
    }
}
