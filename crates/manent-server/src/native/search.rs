//! `GET /search`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use manent_domain::search::SearchOrder;
use manent_protocol::{Problem, SearchResponse};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::conversations::limit;
use super::error::ApiError;
use super::parameters::Query;
use super::{convert, cursor};
use crate::access::Reading;
use crate::app::App;

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OrderName {
    Newest,
    Relevance,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQueryString {
    /// Words; all must occur, the last may be the beginning of one.
    q: String,
    /// 1 to 50; default 20.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// `newest` (default) or `relevance`.
    #[param(inline)]
    order: Option<OrderName>,
}

/// Searches the caller's titles and messages outside the trash.
#[utoipa::path(get, path = "/search", tag = "search", params(SearchQueryString),
    responses((status = 200, body = SearchResponse), (status = "default", body = Problem)))]
pub(super) async fn search(
    State(app): State<App>,
    Reading(owner): Reading,
    Query(query): Query<SearchQueryString>,
) -> Result<JsonAnswer<SearchResponse>, ApiError> {
    let after = query
        .cursor
        .as_deref()
        .map(cursor::open_search)
        .transpose()?;
    let order = match query.order {
        None | Some(OrderName::Newest) => SearchOrder::Newest,
        Some(OrderName::Relevance) => SearchOrder::Relevance,
    };
    let limit = limit(query.limit, 20, 50)?;
    let page = app
        .search
        .search(owner, &query.q, order, after, limit)
        .await?;
    Ok(JsonAnswer(SearchResponse {
        hits: page.items.into_iter().map(convert::hit).collect(),
        next: page.next.map(cursor::seal_search),
    }))
}
