//! What others than Manent answer, and how it has to be taken.

use manent_engine::{Answer, Failure};
use serde_json::json;

use crate::server::Reply;
use crate::violation::Violation;

/// So many kinds.
pub(super) const COUNT: usize = 12;

const PAGE: &str = "<html><body>hello</body></html>";

/// A reply, and what it means.
pub(super) fn reply(kind: usize) -> (Reply, Failure) {
    let page = |status| Reply {
        status,
        retry_after_ms: None,
        body: PAGE.as_bytes().to_vec(),
    };
    let pressure = |retry_after_ms| Failure::BackPressure { retry_after_ms };
    let broken = Failure::Infrastructure;
    match kind {
        0 => (page(403), broken),
        1 => (page(404), broken),
        2 => (page(502), broken),
        3 => (page(503), broken),
        4 => (Reply::problem(404, "not_found", None), broken),
        5 => (Reply::problem(408, "body_timeout", None), broken),
        6 => (Reply::problem(425, "too_early", None), broken),
        7 => (Reply::problem(403, "origin_not_allowed", None), broken),
        8 => (Reply::problem(403, "account_locked", None), Failure::Auth),
        9 => (page(401), Failure::Auth),
        10 => (page(429), pressure(None)),
        _ => {
            let body = json!({
                "type": "about:blank", "title": "busy", "status": 503, "code": "overloaded",
                "detail": "busy", "traceId": "0", "retryAfterMs": 700,
            });
            let reply = Reply {
                status: 503,
                retry_after_ms: Some(300),
                body: body.to_string().into_bytes(),
            };
            (reply, pressure(Some(700)))
        }
    }
}

/// Whether one of these was taken for what it is.
pub(super) fn check(told: &Reply, answer: &Answer) -> Result<(), Violation> {
    if told.status == 200 {
        return Ok(());
    }
    let mut known = (0..COUNT).map(reply);
    let Some((reply, failure)) = known.find(|(reply, _)| reply == told) else {
        return Ok(());
    };
    if *answer == Answer::Failed(failure) {
        return Ok(());
    }
    Err(Violation::Disobeyed(format!(
        "status {} was taken for {answer:?}",
        reply.status
    )))
}
