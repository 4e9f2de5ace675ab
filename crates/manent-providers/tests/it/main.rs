//! The adapters against a real socket, whose other end the tests hold in their hand: every byte is sent when a test says so.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod failures;
mod models;
mod requests;
mod retries;
mod secrets;
mod streams;
mod upstream;
