//! The whole server over real sockets, with a real SQLite file: what the native API promises, and what it does with everything else.

mod support;

mod accounts;
mod answers;
mod append;
mod bad_input;
mod changes;
mod concurrency;
mod conversations;
mod delivery;
mod description;
mod feed;
mod generate;
mod guard;
mod hardening;
mod isolation;
mod journal;
mod journey;
mod librechat;
mod logging;
mod nonsense;
mod oidc;
mod operations;
mod ownership;
mod postgres;
mod raw_http;
mod reading;
mod runs;
mod shutdown;
mod signing_in;
mod titles;
mod turns;
