//! The cryptography of accounts, behind the ports of `manent-accounts`.
//!
//! Every algorithm is a library's; this crate chooses them, keeps their keys apart, bounds what they are fed and gives them one form.
//!
//! # Invariants
//!
//! - Secrets live in types that are wiped from memory when they are dropped and whose `Debug` never prints them.
//! - What is compared with a secret is compared in time that does not depend on where it differs.
//! - No two purposes share a key ([`server_secret`]), so that a token of one kind is never taken for one of another.
//! - Whatever is parsed here may come from an attacker: it is bounded before it is read, and never causes a panic.
//! - An error says what to do to an administrator, and nothing to somebody who guesses.
#![warn(missing_docs)]

mod access_token;
mod api_key;
pub mod device_mark;
mod entropy;
#[cfg(feature = "fuzzing")]
#[expect(clippy::missing_panics_doc, reason = "a panic is a finding")]
pub mod fuzzing;
mod jwt;
mod key;
mod one_time;
pub mod passwords;
mod refresh_token;
mod secret_generator;
pub mod server_secret;
mod tokens;
mod two_factor_token;
pub mod vault;

pub use entropy::{Entropy, EntropyError, SystemEntropy};
pub use secret_generator::SecretGenerator;
pub use tokens::Tokens;
