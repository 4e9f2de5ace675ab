//! Errors as the client puts them into words: it looks for a JSON object with a type that it knows, and shows any other text as it is.
//!
//! Source: LibreChat da0491d5, `client/src/components/Messages/Content/Error.tsx`.

use manent_domain::completion::ProviderError;
use serde_json::{Value, json};

use crate::wire::STOPPED;

/// How a failure of the provider begins that the client has no words for.
const FAILED: &str = "An error occurred while processing the request: ";

/// The part that stands for an error in an answer; none where the answer's state says enough.
pub(crate) fn part(code: &str, detail: &str) -> Option<Value> {
    let text = match code {
        STOPPED | "finish_length" => return None,
        "finish_refusal" => json!({ "type": "refusal" }).to_string(),
        "finish_content_filter" => json!({ "type": "moderation" }).to_string(),
        _ => known(code).map_or_else(|| format!("{FAILED}{detail}"), |known| known.to_string()),
    };
    Some(json!({ "type": "error", "error": text }))
}

/// What the client has words for, by the code of a provider's failure.
fn known(code: &str) -> Option<Value> {
    let name = match code {
        "own_key_missing" => "no_user_key",
        "own_key_unusable" => "invalid_user_key",
        "base_url_refused" => "invalid_base_url",
        _ => return None,
    };
    Some(json!({ "type": name }))
}

/// A provider's failure before the answer began: an object that the client has words for; absent where it has none.
pub fn of_provider(error: &ProviderError, endpoint: &str) -> Option<Value> {
    match error {
        ProviderError::OwnKeyExpired => {
            Some(json!({ "type": "expired_user_key", "endpoint": endpoint, "expiredAt": "" }))
        }
        other => known(other.code()),
    }
}

/// The person has no key for this endpoint.
pub fn no_user_key() -> Value {
    json!({ "type": "no_user_key" })
}

/// The person's key is over since this time.
pub fn expired_user_key(endpoint: &str, expired_at: &str) -> Value {
    json!({ "type": "expired_user_key", "endpoint": endpoint, "expiredAt": expired_at })
}

/// No model is named.
pub fn missing_model(endpoint: &str) -> Value {
    json!({ "type": "missing_model", "info": endpoint })
}

/// The endpoint does not offer the model.
pub fn illegal_model(endpoint: &str, model: &str) -> Value {
    json!({ "type": "illegal_model_request", "info": format!("{endpoint}|{model}") })
}

/// The endpoint is not there, or has no models.
pub fn no_models(endpoint: &str) -> Value {
    json!({ "type": "endpoint_models_not_loaded", "info": endpoint })
}

/// As many answers as one may have at once are being made.
pub fn concurrent(limit: u64) -> Value {
    json!({ "type": "concurrent", "limit": limit, "pendingRequests": limit })
}

/// As many messages as one may send in a while were sent.
pub fn message_limit(most: u64, minutes: u64, limiter: &str) -> Value {
    json!({ "type": "message_limit", "max": most, "limiter": limiter, "windowInMinutes": minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_the_clients_words_what_it_has_words_for() {
        let of = |code| part(code, "it broke").map(|part| part["error"].clone());
        assert_eq!(
            of("provider_failed"),
            Some(json!(
                "An error occurred while processing the request: it broke"
            ))
        );
        assert_eq!(
            of("own_key_missing"),
            Some(json!(r#"{"type":"no_user_key"}"#))
        );
        assert_eq!(of("finish_refusal"), Some(json!(r#"{"type":"refusal"}"#)));
        assert_eq!(of("finish_length"), None);
        assert_eq!(of("stopped"), None);
    }
}
