//! Tests of the store against a real Postgres.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod accounts;
mod conformance;
mod encryption;
mod failures;
mod harness;
mod interleavings;
mod kept;
mod opening;
mod signals;
