//! Providers over HTTP: Anthropic Messages and OpenAI-compatible chat completions.
//!
//! Invariants: a call is only tried again before the first byte of its answer; every wait is bounded; what is read from a
//! provider is bounded and never trusted; a key appears in no error, log or debug text.

mod answer;
mod anthropic;
mod base_url;
mod config;
mod error;
#[cfg(feature = "fuzzing")]
#[expect(clippy::missing_panics_doc, reason = "a panic is a finding")]
pub mod fuzzing;
mod http;
mod image;
mod models;
mod openai;
mod provider;
mod sse;
mod wire;

pub use anthropic::AnthropicProvider;
pub use config::{ModelEntry, ProviderConfig, ProviderKind, Retries, Timeouts};
pub use error::ProviderConfigError;
pub use http::{AddressGuard, HttpClients, RandomSource};
pub use openai::OpenAiCompatibleProvider;
pub use provider::{HttpProvider, http_provider};
