//! What Manent decides.
//!
//! Services decide, ports name what they need, adapters (other crates) provide it. Nothing here knows SQL, HTTP,
//! an async runtime, a clock or randomness of its own: all of it comes in through [`ports`].
//!
//! Invariants:
//! - every read and write names its owner; another owner's rows do not exist for it;
//! - one method of a repository is one atomic unit of work;
//! - [`services::CompletionService`] has no repository and can therefore not touch a store.
#![warn(missing_docs)]

pub mod append;
pub mod completion;
pub mod conversation;
pub mod document;
pub mod error;
pub mod feed;
pub mod journal;
pub mod limits;
pub mod message;
pub mod ports;
pub mod price;
pub mod run;
pub mod search;
pub mod services;
pub mod title;
pub mod transfer;

pub use error::{DomainError, Refusal};
