//! Signing in through an OpenID provider: discovery, the authorization code flow, and what is checked of tokens.
//!
//! The protocol is the crate `openidconnect`'s; this crate bounds it, caches what it discovers, decides which tokens are believed, and reads
//! from them who somebody is. It knows nothing of accounts.
//!
//! # Invariants
//!
//! - A token counts only with an asymmetric signature by a key of the provider, its issuer, an audience that was configured, and within its
//!   time. `none` and what is signed with a shared secret never do.
//! - An answer counts only for the browser that asked: with its state, its nonce and its PKCE verifier.
//! - The provider may be down, slow or hostile: every request has an end, every answer a largest size, no redirect is followed, and keys are
//!   asked for anew at most every [`KEYS_PAUSE`] because of what strangers send.
//! - No token, code or secret is in an error or in the log.
#![warn(missing_docs)]

mod bearer;
mod claims;
mod discovery;
mod error;
#[cfg(feature = "fuzzing")]
#[expect(clippy::panic, reason = "a panic is a finding")]
pub mod fuzzing;
mod http;
mod logout;
mod provider;
mod settings;
mod sign_in;
mod token;
mod transaction;

pub use claims::Person;
pub use discovery::KEYS_PAUSE;
pub use error::OidcError;
pub use provider::Provider;
pub use settings::{ClaimNames, ProviderSettings, RoleRule, RoleSource};
pub use sign_in::{Callback, Finished, Started};
pub use transaction::{TRANSACTION_LIFE, Transaction};
