//! LibreChat's API, for its web client.
//!
//! Its words, statuses and texts stay in this folder; every rule is a service's. It is served where the configuration asks for it.
//!
//! Invariants:
//! - nothing is told here that the native surface would not tell: whether an address has an account, why a session ended, what a key is;
//! - a path under `/api` that is not known is answered with 404 and JSON, never with a page.

mod absent;
mod answer;
mod auth;
mod body;
mod categories;
mod chat;
pub(crate) mod client;
mod convos;
mod cookies;
mod documents;
mod endpoints;
mod favorites;
mod form;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod keys;
mod local;
mod messages;
mod passwords;
mod permissions;
mod permitted;
mod presets;
mod projects;
mod prompts;
mod roles;
mod routes;
mod shares;
mod short_id;
mod startup;
mod surface;
mod system;
mod tags;
mod two_factor;
mod user;

pub(crate) use answer::translate_under_prefix;
pub(crate) use chat::{Catalog, Chats, LimitFigures};
pub use routes::librechat_routes;
pub(crate) use routes::router;
pub(crate) use surface::Surface;
