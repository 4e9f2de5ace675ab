//! How refusals stand in their rows.

use manent_domain::append::{ConflictCause, RefusalFacts, RefusedAs};
use manent_domain::error::Refusal;
use tokio_postgres::Row;

use crate::error::Error;
use crate::rows::{get, message_id_option, unreadable};

/// A refusal from the columns `item_id`, `kind` and `code`, which begin at `at`.
pub(crate) fn refusal_facts(row: &Row, at: usize) -> Result<RefusalFacts, Error> {
    let kind: &str = get(row, at + 1, "lane_refusals.kind")?;
    let code: Option<&str> = get(row, at + 2, "lane_refusals.code")?;
    Ok(RefusalFacts {
        id: message_id_option(row, at, "lane_refusals.item_id")?,
        refused_as: refused_as(kind, code).ok_or_else(|| unreadable("lane_refusals.kind"))?,
    })
}

/// The kind and the code of a refusal.
pub(crate) fn kind_and_code(refused_as: RefusedAs) -> (&'static str, Option<&'static str>) {
    match refused_as {
        RefusedAs::Rejected(refusal) => ("rejected", Some(refusal.code())),
        RefusedAs::Conflict(cause) => ("conflict", Some(cause.code())),
        RefusedAs::Blocked => ("blocked", None),
    }
}

fn refused_as(kind: &str, code: Option<&str>) -> Option<RefusedAs> {
    match (kind, code) {
        ("rejected", Some(code)) => Refusal::from_code(code).map(RefusedAs::Rejected),
        ("conflict", Some(code)) => ConflictCause::from_code(code).map(RefusedAs::Conflict),
        ("blocked", None) => Some(RefusedAs::Blocked),
        _ => None,
    }
}
