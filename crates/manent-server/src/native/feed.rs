//! `GET /feed`.

use axum::extract::State;
use axum::response::Response;
use manent_protocol::Problem;

use super::cursor;
use super::error::ApiError;
use super::parameters::{AfterQuery, LastEventId};
use super::sse::{self, Delivery, FeedEvents};
use crate::access::Reading;
use crate::app::App;

/// What changes for the caller, in the order of its commits, without gaps.
#[utoipa::path(get, path = "/feed", tag = "feed",
    params(AfterQuery, ("Last-Event-ID" = Option<String>, Header, description = "As `after`, and before it")),
    responses((status = 200, description = "conversation, message, run; ready once all that was there has been told", content_type = "text/event-stream"),
        (status = "default", body = Problem)))]
pub(super) async fn follow(
    State(app): State<App>,
    Reading(owner): Reading,
    LastEventId(after): LastEventId,
) -> Result<Response, ApiError> {
    let after = after.as_deref().map(cursor::open_feed).transpose()?;
    let reader = app.feed.follow(owner, after).await?;
    Ok(sse::respond(
        FeedEvents::new(reader),
        Delivery {
            heartbeat: app.http.heartbeat,
            cut: app.stopping.begun.clone(),
        },
    ))
}
