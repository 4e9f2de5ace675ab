//! A bare handler that answers every request with the same prepared bytes: what a request costs before anything is done for it.

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;

use super::proxy::serve;

/// Runs it until the process is stopped, with an answer of `length` bytes.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn run(length: usize) -> anyhow::Result<()> {
    let answer = Bytes::from(vec![b' '; length]);
    let handler = async move || ([(header::CONTENT_TYPE, "application/json")], answer.clone());
    serve(Router::new().route("/", get(handler))).await
}
