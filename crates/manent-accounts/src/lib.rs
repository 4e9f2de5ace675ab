//! Who may do what.
//!
//! Entities, decisions, ports and services of accounts: sign-up, sign-in, sessions, two-factor, API keys, roles, one-time links, users' own
//! provider keys, limits and the audit log. Like `manent-domain`, this crate knows no SQL, no HTTP, no async runtime, no clock, no
//! randomness and no cryptography of its own but digests and one-time codes: all of it comes in through [`ports`].
//!
//! Invariants:
//! - one method of a repository is one atomic unit of work, and what it decides is decided by a pure function of this crate, so that all
//!   stores decide alike;
//! - a row that belongs to somebody is read and written with its owner named;
//! - a change and its entry in the audit log are stored together or not at all;
//! - no secret is ever printed: passwords, tokens, keys and their hashes have no readable `Debug`;
//! - an answer tells nothing about accounts that the caller does not own: an unknown e-mail address and a wrong password take the same path.
#![warn(missing_docs)]

#[macro_use]
mod codes;

pub mod account;
pub mod account_change;
pub mod api_key;
pub mod audit;
pub mod caller;
pub mod email;
pub mod error;
pub mod limits;
pub mod name;
pub mod one_time_link;
pub mod password;
pub mod policy;
pub mod ports;
pub mod provider_key;
pub mod role;
pub mod secret;
pub mod server_secret;
pub mod services;
pub mod session;
pub mod transfer;
pub mod two_factor;
pub mod username;

#[cfg(test)]
mod testing;
mod time;

pub use codes::UnknownCode;
pub use error::AccountError;
