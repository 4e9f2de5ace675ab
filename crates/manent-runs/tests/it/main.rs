//! Runs and turns against the reference store, with scripted providers and a store that fails on demand. Time is paused: nothing here waits.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod admission;
mod attach;
mod end;
mod faults;
mod first_token;
mod found_dead;
mod outages;
mod places;
mod start;
mod stop;
mod storing;
mod support;
mod turns;
