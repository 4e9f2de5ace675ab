//! The client against the real server behind a proxy that breaks connections, and against servers that talk nonsense.

mod fake;
mod support;

mod answers;
mod later;
mod limits;
mod nonsense;
mod outbox;
mod reading;
mod sign_in;
mod store;
mod streams;
