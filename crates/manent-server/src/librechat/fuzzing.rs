//! What fuzzing reaches of LibreChat's surface.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{auth, body, keys, passwords, two_factor, user};
use crate::http::body::parse_json;

/// A body, where each kind of body is expected: an error says something, in few words.
pub(crate) fn body(bytes: &[u8]) {
    read::<auth::Registration>(bytes);
    read::<auth::Login>(bytes);
    read::<passwords::Address>(bytes);
    read::<passwords::Reset>(bytes);
    read::<passwords::Verification>(bytes);
    read::<two_factor::SecondStep>(bytes);
    read::<user::PluginRequest>(bytes);
    read::<BTreeMap<String, bool>>(bytes);
    if let Some(proof) = read::<body::Proof>(bytes) {
        let _ = proof.factor();
    }
    if let Some(request) = read::<keys::KeyRequest>(bytes) {
        keys::fuzzed(&request);
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match parse_json::<T>(bytes) {
        Ok(read) => Some(read),
        Err(error) => {
            let detail = error.detail();
            assert!(!detail.is_empty() && detail.len() <= 1_500, "{detail:?}");
            None
        }
    }
}
