//! What the shell must do.

use manent_engine::append_api::{CreateRequest, MessagePayload, append_request, create_requests};
use manent_engine::{Output, Record, StoreOperation, TraceContext};

use super::event::event_json;
use super::json::{Field, Held, Text, array, written};
use crate::record::record_json;

/// A change of the device's store, as JSON. `key` and `record` are opaque to the shell.
fn operation_json(operation: StoreOperation<MessagePayload>) -> Result<String, serde_json::Error> {
    let (what, key, record) = match operation {
        StoreOperation::PutItem(item) => {
            let key = item.id.to_string();
            ("putItem", key, Some(Record::Item(item)))
        }
        StoreOperation::DeleteItem(id) => ("deleteItem", id.to_string(), None),
        StoreOperation::PutLane(lane) => {
            let key = format!("{}/{}", lane.lane.device, lane.lane.stream);
            ("putLane", key, Some(Record::Lane(lane)))
        }
        StoreOperation::PutPace(pace) => ("putPace", String::new(), Some(Record::Pace(pace))),
        StoreOperation::Clear => ("clear", String::new(), None),
    };
    let record = record.as_ref().map(record_json).transpose()?;
    let record = Field("record", record.as_deref().map(Held::Text));
    Ok(format!(r#"{{"do":"{what}","key":"{key}"{record}}}"#))
}

fn create_json(create: &CreateRequest) -> Result<String, serde_json::Error> {
    Ok(format!(
        r#"{{"conversationId":"{}","body":{}{}}}"#,
        create.conversation,
        Text(&written(&create.body)?),
        trace_field(create.trace.as_ref()),
    ))
}

fn trace_field(trace: Option<&TraceContext>) -> Field<'_> {
    Field("traceparent", trace.map(|trace| Held::Text(trace.as_str())))
}

/// A JSON array of what could be written.
fn each(
    items: impl Iterator<Item = Result<String, serde_json::Error>>,
) -> Result<String, serde_json::Error> {
    let items: Vec<String> = items.collect::<Result<_, _>>()?;
    Ok(array(items.into_iter()))
}

/// An output, as JSON; see [`Output`].
pub(crate) fn output_json(output: Output<MessagePayload>) -> Result<String, serde_json::Error> {
    Ok(match output {
        Output::Persist(id, operations) => {
            let (id, operations) = (id.0, each(operations.into_iter().map(operation_json))?);
            format!(r#"{{"type":"persist","id":{id},"operations":{operations}}}"#)
        }
        Output::Send(request, batch) => format!(
            r#"{{"type":"send","request":{},"creates":{},"body":{},"ids":{}{},"isProbe":{}}}"#,
            request.0,
            each(create_requests(&batch).iter().map(create_json))?,
            Text(&written(&append_request(&batch))?),
            array(batch.items.iter().map(|item| format!(r#""{}""#, item.id))),
            // Of the first item that has one.
            trace_field(batch.items.iter().find_map(|item| item.trace.as_ref())),
            batch.is_probe,
        ),
        Output::Cancel(request) => format!(r#"{{"type":"cancel","request":{}}}"#, request.0),
        Output::Notify(event) => format!(r#"{{"type":"event","event":{}}}"#, event_json(event)),
        Output::WakeAt(at) => format!(r#"{{"type":"wakeAt","at":{at}}}"#),
    })
}
