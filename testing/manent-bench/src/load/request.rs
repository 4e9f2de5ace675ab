//! Requests with a whole body as their answer.

use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;

use super::client::Client;

/// Sends a request, reads the whole answer, and tells how long that took.
///
/// # Errors
/// When the connection breaks or the status is not a success.
pub(crate) async fn timed(
    client: &mut Client,
    method: Method,
    path: &str,
    body: Bytes,
) -> anyhow::Result<(Bytes, Duration)> {
    let started = Instant::now();
    let response = client.send(method, path, body).await?;
    let status = response.status();
    let answer = response.into_body().collect().await?.to_bytes();
    let duration = started.elapsed();
    if !status.is_success() {
        bail!(
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    Ok((answer, duration))
}
