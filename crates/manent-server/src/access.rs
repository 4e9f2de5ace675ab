//! Who asks: from a request to the caller in whose name everything is done.
//!
//! Invariant: no request reaches the native surface without a [`manent_accounts::caller::Caller`], and what the caller owns is all that any
//! statement made for the request can see. A handler names the scope that it needs by the extractor that it takes.

mod address;
mod caller;
mod cookies;
mod gate;
mod operator;
mod peer;
mod standing;
mod streams;

pub(crate) use address::ClientAddress;
pub(crate) use caller::{Administrator, Asking, From, Person, Reading, Writing};
pub(crate) use cookies::{Cookies, device_mark, refresh_tokens};
pub(crate) use gate::{Gate, admit};
pub(crate) use operator::Operator;
#[cfg(feature = "fuzzing")]
pub(crate) use peer::Peer;
pub(crate) use peer::PeerService;
pub(crate) use standing::Standings;
pub(crate) use streams::{BreaksOff, OpenStreams};
