//! LibreChat's API, as its web client uses it.

mod boot;
mod chat;
mod convos;
mod keys;
mod messages;
mod people;
mod personal;
mod recovery;
mod roles;
mod signing_in;
mod table;
mod two_factor;
mod user;
