//! From TOML to [`Fault`].

use super::answer::{Failure, FailureKind, Fault, FaultPlace};
use super::limits;
use super::reader::Table;

const KEYS: [&str; 4] = ["error", "drop", "hang", "malformed"];

const KINDS: [(&str, FailureKind); 9] = [
    ("overloaded", FailureKind::Overloaded),
    ("rate_limited", FailureKind::RateLimited),
    ("auth", FailureKind::Auth),
    ("permission", FailureKind::Permission),
    ("not_found", FailureKind::NotFound),
    ("bad_request", FailureKind::BadRequest),
    ("too_large", FailureKind::TooLarge),
    ("failed", FailureKind::Failed),
    ("timeout", FailureKind::Timeout),
];

/// Whether any fault is written down, right or wrong.
pub(crate) fn is_given(table: &Table<'_, '_>) -> bool {
    KEYS.into_iter().any(|key| table.has(key))
}

/// The fault of a rule: a table with or without `after_chunks`.
pub(crate) fn rule_fault(table: &Table<'_, '_>) -> Option<(FaultPlace, Fault)> {
    let given: Vec<_> = KEYS.into_iter().filter(|key| table.has(key)).collect();
    let key = *given.first()?;
    if given.len() > 1 {
        table.problem(
            "`error`, `drop`, `hang` and `malformed` exclude each other; use `steps` for several",
        );
    }
    let fault = table.table(key)?;
    let place = fault
        .integer("after_chunks", 0..=limits::AFTER_CHUNKS)
        .map_or(FaultPlace::BeforeFirstByte, FaultPlace::AfterChunks);
    let read = match key {
        "error" => read_failure(&fault).map(Fault::Fail),
        "drop" => Some(Fault::Drop),
        "hang" => Some(Fault::Hang),
        _ => {
            if !fault.has("bytes") {
                fault.problem(
                    "the field `bytes` is missing; it is what is sent instead of the format",
                );
            }
            if place == FaultPlace::BeforeFirstByte && !fault.has("after_chunks") {
                fault
                    .problem("the field `after_chunks` is missing; 0 is right after the beginning");
            }
            fault.text("bytes").map(Fault::Malformed)
        }
    };
    fault.refuse_unknown_fields();
    Some((place, read?))
}

/// The fault that a step of a list is.
pub(crate) fn step_fault(step: &Table<'_, '_>) -> Option<Fault> {
    if step.has("error") {
        let table = step.table("error")?;
        let failure = read_failure(&table);
        table.refuse_unknown_fields();
        return failure.map(Fault::Fail);
    }
    for (key, fault) in [("drop", Fault::Drop), ("hang", Fault::Hang)] {
        if step.has(key) {
            if step.boolean(key) == Some(false) {
                step.problem_at(key, format!("`{key} = false` does nothing; take it out"));
            }
            return Some(fault);
        }
    }
    step.text("malformed").map(Fault::Malformed)
}

fn read_failure(table: &Table<'_, '_>) -> Option<Failure> {
    let status = table.integer("status", 400..=599);
    let kind = table.choice("kind", &KINDS);
    let message = table.text("message");
    let retry_after_ms = table.integer("retry_after_ms", 0..=3_600_000);
    if !table.has("kind") && !table.has("status") {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| format!("`{name}`")).collect();
        table.problem(format!(
            "give `kind` (one of {}) or `status`",
            names.join(", ")
        ));
        return None;
    }
    let kind = kind.or_else(|| status.map(kind_of_status))?;
    Some(Failure {
        kind,
        status: status.and_then(|status| u16::try_from(status).ok()),
        message: message.unwrap_or_else(|| default_message(kind).to_owned()),
        retry_after_ms,
    })
}

const fn kind_of_status(status: u64) -> FailureKind {
    match status {
        401 => FailureKind::Auth,
        403 => FailureKind::Permission,
        404 => FailureKind::NotFound,
        413 => FailureKind::TooLarge,
        429 => FailureKind::RateLimited,
        503 | 529 => FailureKind::Overloaded,
        504 => FailureKind::Timeout,
        400..=499 => FailureKind::BadRequest,
        _ => FailureKind::Failed,
    }
}

const fn default_message(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Overloaded => "Overloaded (scripted)",
        FailureKind::RateLimited => "Too many requests (scripted)",
        FailureKind::Auth => "The key is not valid (scripted)",
        FailureKind::Permission => "The key may not do this (scripted)",
        FailureKind::NotFound => "There is no such model (scripted)",
        FailureKind::BadRequest => "The request is not valid (scripted)",
        FailureKind::TooLarge => "The request is too large (scripted)",
        FailureKind::Failed => "Internal error (scripted)",
        FailureKind::Timeout => "The request took too long (scripted)",
    }
}
