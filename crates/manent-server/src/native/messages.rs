//! `GET /conversation/{id}/messages` and `GET /message/{id}`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_domain::message::MessageRange;
use manent_protocol::{MessageList, MessageResource, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::conversations::limit;
use super::error::ApiError;
use super::parameters::{ConversationPath, MessagePath, Query};
use super::{convert, cursor};
use crate::access::Reading;
use crate::app::App;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MessageOrder {
    Oldest,
    Newest,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessagesQuery {
    /// 1 to 200; default 50.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// The page after this `seq`.
    after: Option<u64>,
    /// The page before this `seq`.
    before: Option<u64>,
    /// `newest`: the newest page first. Default `oldest`.
    #[param(inline)]
    order: Option<MessageOrder>,
}

impl MessagesQuery {
    fn range(&self) -> Result<MessageRange, ApiError> {
        let places = [
            self.cursor.is_some(),
            self.after.is_some(),
            self.before.is_some(),
        ];
        if places.into_iter().filter(|given| *given).count() > 1 {
            return Err(ApiError::invalid_query("give one of cursor, after, before"));
        }
        if self.after.is_some() && self.order == Some(MessageOrder::Newest) {
            return Err(ApiError::invalid_query(
                "after and order=newest exclude each other",
            ));
        }
        if let Some(cursor) = &self.cursor {
            return cursor::open_messages(cursor);
        }
        // Numbers beyond the store's range lie after everything.
        let bounded = |seq: u64| seq.min(i64::MAX.unsigned_abs());
        Ok(match (self.after, self.before, self.order) {
            (Some(after), _, _) => MessageRange::After(bounded(after)),
            (None, Some(before), _) => MessageRange::Before(Some(bounded(before))),
            (None, None, Some(MessageOrder::Newest)) => MessageRange::Before(None),
            (None, None, _) => MessageRange::After(0),
        })
    }
}

/// A page of a conversation's messages, ascending in `seq`.
#[utoipa::path(get, path = "/conversation/{id}/messages", tag = "messages",
    params(("id" = String, Path), MessagesQuery),
    responses((status = 200, body = MessageList), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    Reading(owner): Reading,
    ConversationPath(id): ConversationPath,
    Query(query): Query<MessagesQuery>,
) -> Result<JsonAnswer<MessageList>, ApiError> {
    let range = query.range()?;
    let limit = limit(query.limit, 50, 200)?;
    let page = app.messages.list(owner, id, range, limit).await?;
    Ok(JsonAnswer(MessageList {
        messages: page.items.into_iter().map(convert::message).collect(),
        next: page.next.map(cursor::seal_messages),
    }))
}

/// One message; a deleted one without its content.
#[utoipa::path(get, path = "/message/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = MessageResource), (status = "default", body = Problem)))]
pub(super) async fn get(
    State(app): State<App>,
    Reading(owner): Reading,
    MessagePath(id): MessagePath,
) -> Result<JsonAnswer<MessageResource>, ApiError> {
    let message = app.messages.get(owner, id).await?;
    Ok(JsonAnswer(convert::message(message)))
}
