//! Load generators: clients that measure what a server makes them wait for.

pub(crate) mod client;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod stream;
pub(crate) mod tokens;
