//! The native surface: `/conversation`, `/message`, `/completion`, `/turn`, `/feed`, `/models`, `/search`.
//!
//! Handlers here translate between [`manent_protocol`] and the services and hold no rule of their own.

mod account;
mod admin;
mod append;
mod auth;
mod budget;
mod conversations;
mod convert;
mod cursor;
mod error;
mod feed;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod generate;
mod keys;
mod messages;
mod models;
mod openapi;
mod parameters;
mod provider_keys;
mod recovery;
mod router;
mod runs;
mod search;
pub(crate) mod sse;
mod turns;
mod two_factor;

pub(crate) use error::ApiError;
pub use openapi::openapi_json;
pub(crate) use openapi::{described_routes, finished};
pub(crate) use router::{public, router};
