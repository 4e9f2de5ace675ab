//! What both wire formats share of HTTP.
//!
//! Invariants: a call is tried again only while not one byte of an answer has come; what is read of an error is bounded; no
//! key gets into an error.

mod address_guard;
mod clients;
mod endpoint;
mod failure;
mod redaction;
mod retry;

pub use address_guard::AddressGuard;
pub use clients::HttpClients;
pub(crate) use endpoint::{Body, Endpoint, OpenAnswer};
pub(crate) use failure::from_stream;
pub(crate) use redaction::Redaction;
pub use retry::RandomSource;
