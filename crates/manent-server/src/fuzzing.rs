//! What fuzzing reaches of the inside. Every function panics when a promise is broken.

mod api;

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use manent_types::RunId;

use crate::access::{ClientAddress, Peer, refresh_tokens};
use crate::http::{guard, trace};
use crate::native;

pub use api::{Answer, Api};

/// A place in a list or a stream, as a client sent it back.
pub fn cursor(run: RunId, text: &str) {
    native::fuzzing::cursor(run, text);
}

/// A body, where each kind of body is expected.
pub fn body(bytes: &[u8]) {
    native::fuzzing::body(bytes);
}

/// A body, where each kind of body of LibreChat's API is expected.
pub fn librechat_body(bytes: &[u8]) {
    crate::librechat::fuzzing::body(bytes);
}

/// The head of a request that came from this peer, with everything that is read of it before anybody is let in.
pub fn head(peer: IpAddr, trusted: &[IpNet], fields: &[(&[u8], &[u8])]) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    let _ = refresh_tokens(&headers);
    trace::fuzzed(&headers);
    guard::fuzzed(&headers);
    let addresses = ClientAddress::new(trusted);
    let mut request = axum::http::Request::new(());
    *request.headers_mut() = headers;
    request.extensions_mut().insert(Peer(peer));
    let (parts, ()) = request.into_parts();
    let client = addresses.of(&parts);
    let is_trusted = trusted.iter().any(|network| network.contains(&peer));
    if let (false, Some(client), IpAddr::V4(peer)) = (is_trusted, client, peer) {
        assert_eq!(
            client,
            IpAddr::V4(peer),
            "nobody vouches for another address"
        );
    }
}
