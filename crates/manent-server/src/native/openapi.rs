//! The OpenAPI document, made from the handlers.

use manent_protocol::{DeltaEvent, DoneEvent, ErrorEvent, NoticeEvent, ReadyEvent, StartEvent};
use manent_types::Usage;
use utoipa::OpenApi;
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

/// The OpenAPI 3.1 document of the native API as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which a valid document always can.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    let (_, document) = described_routes(|native| native).split_for_parts();
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}
