//! Answers from a rules file: for the demo without a model, for tests and as the upstream of benchmarks.
//!
//! [`Rules`] are read from TOML (`docs/scripted.md` describes the format). [`script::plan`] is pure: it turns rules and a request
//! into timed steps. Two players show the same plan: [`ScriptedProvider`] in process, and [`serve`] over HTTP in the wire formats
//! of Anthropic Messages and of OpenAI Chat Completions.
//!
//! Invariant: both players show exactly the steps of the plan, in its order, and neither adds content of its own.

mod playback;
mod provider;
pub mod rules;
pub mod script;
pub mod server;

pub use provider::ScriptedProvider;
pub use rules::{Rules, RulesError};
pub use server::{ScriptedServer, ServeArgs, ServeError, WireFormat, serve};
