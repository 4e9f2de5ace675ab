//! Both players, from outside: the provider in process and the server over a real socket.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something is not as it should be"
)]

mod adapters;
mod anthropic;
mod client;
mod documentation;
mod openai;
mod provider;
mod server;
