//! The OpenAPI document, made from the handlers.

use manent_protocol::{DeltaEvent, DoneEvent, ErrorEvent, NoticeEvent, ReadyEvent, StartEvent};
use manent_types::Usage;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi as OpenApiDocument, RefOr, Response, Schema};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::operations;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Manent",
        description = "A chat backend that keeps every word: conversations, messages, generations.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        StartEvent,
        DeltaEvent,
        Usage,
        NoticeEvent,
        DoneEvent,
        ErrorEvent,
        ReadyEvent
    ))
)]
struct Document;

/// Every described route with the document that describes it.
///
/// `guarded` is passed the native surface, and not what operators look at.
pub(crate) fn described_routes(
    guarded: impl FnOnce(OpenApiRouter<App>) -> OpenApiRouter<App>,
) -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(guarded(super::router()))
        .merge(super::public())
        .merge(operations::router())
}

/// The content type of every error, whichever route answers it.
const PROBLEM: &str = "application/problem+json";

/// The document as it is shown: whatever a route says of its errors, each is a problem and comes as one.
pub(crate) fn finished(mut document: OpenApiDocument) -> OpenApiDocument {
    let operations = document.paths.paths.values_mut().flat_map(operations);
    for response in operations.flat_map(|operation| operation.responses.responses.values_mut()) {
        let RefOr::T(response) = response else {
            continue;
        };
        if is_problem(response)
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert(PROBLEM.to_owned(), content);
        }
    }
    document
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut path.get,
        &mut path.put,
        &mut path.post,
        &mut path.delete,
        &mut path.patch,
    ]
    .into_iter()
    .flatten()
}

fn is_problem(response: &Response) -> bool {
    let Some(RefOr::T(content)) = response.content.get("application/json") else {
        return false;
    };
    let schema: Option<&RefOr<Schema>> = content.schema.as_ref();
    matches!(schema, Some(RefOr::Ref(reference)) if reference.ref_location.ends_with("/Problem"))
}

/// The OpenAPI 3.1 document of the native API as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which a valid document always can.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    let (_, document) = described_routes(|native| native).split_for_parts();
    let mut text = serde_json::to_string_pretty(&finished(document))?;
    text.push('\n');
    Ok(text)
}
