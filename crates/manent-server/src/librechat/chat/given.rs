//! What addresses and bodies name: conversations and moments of generations.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use manent_types::ConversationId;

use super::refusal::ChatRefusal;
use crate::app::App;

/// The conversation of an address; absent where that is no id of ours, so that nothing is there.
pub(in crate::librechat) struct Named(pub(in crate::librechat) Option<ConversationId>);

impl FromRequestParts<App> for Named {
    type Rejection = ChatRefusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ChatRefusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ChatRefusal::NotFound("Not found"))?;
        Ok(Self(text.parse().ok()))
    }
}

/// The moment at which a generation began, in milliseconds, by which the client tells one from the next.
pub(super) fn moment(text: Option<&str>) -> Result<Option<i64>, ChatRefusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match text.parse::<i64>() {
        Ok(at) if at >= 0 => Ok(Some(at)),
        _ => Err(ChatRefusal::Identity),
    }
}
