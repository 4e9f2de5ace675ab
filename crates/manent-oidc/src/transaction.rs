//! What a browser keeps between going to the provider and coming back.

use std::fmt;
use std::time::Duration;

use manent_types::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// How long somebody may take at the provider.
pub const TRANSACTION_LIFE: Duration = Duration::from_mins(10);

/// One sign-in under way. It is secret: whoever seals it for the browser keeps others from reading and from making one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// What the provider must hand back.
    pub state: String,
    /// What the ID token must have.
    pub nonce: String,
    /// What the code can be redeemed with.
    pub verifier: String,
    /// Where the provider sends the browser.
    pub redirect_uri: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Transaction {
    /// Whether this state was handed back in time.
    pub(crate) fn is_answered_by(&self, state: &str, now: Timestamp) -> bool {
        let is_same: bool = self.state.as_bytes().ct_eq(state.as_bytes()).into();
        is_same && now < self.expires_at
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Transaction")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_state_answers_it_and_only_in_time() {
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        let transaction = Transaction {
            state: "state".to_owned(),
            nonce: "nonce".to_owned(),
            verifier: "verifier".to_owned(),
            redirect_uri: "http://127.0.0.1/oauth/openid/callback".to_owned(),
            expires_at: at(1000),
        };
        assert!(transaction.is_answered_by("state", at(999)));
        assert!(!transaction.is_answered_by("state", at(1000)));
        assert!(!transaction.is_answered_by("stat", at(0)));
        assert!(!transaction.is_answered_by("", at(0)));
        assert_eq!(
            format!("{transaction:?}"),
            "Transaction { expires_at: Timestamp(1000), .. }"
        );
    }
}
