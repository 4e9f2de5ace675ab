//! The client against the real server, and against servers that talk nonsense.

mod support;

mod outbox;
