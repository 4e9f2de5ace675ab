//! LibreChat's configuration and wire formats, translated into Manent's words and back.
//!
//! Foreign names end here: what other crates take from this one is in Manent's words. Nothing here reads a file, a clock or the network; text
//! comes in, values go out.
//!
//! Invariants:
//! - what comes in is hostile: every input has a largest size and depth, and a refusal says where and what;
//! - nothing of a configuration is dropped in silence: each key is understood, ignored as harmless, or reported as unsupported.
#![warn(missing_docs)]

pub mod config;
pub mod edit;
pub mod errors;
pub mod events;
pub mod import;
pub mod personal;
pub mod request;
pub mod tree;
pub mod wire;
