//! From what a provider answers when it fails to the error that says so.

use std::time::Duration;

use manent_domain::completion::ProviderError;
use reqwest::StatusCode;
use serde_json::Value;

use super::address_guard::AddressNotPermitted;
use super::redaction::Redaction;
use super::retry::milliseconds;

/// A call that failed before the first byte.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: ProviderError,
    /// Whether another try may help.
    pub(crate) may_retry: bool,
    /// What the provider asks to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    /// One that another try would only repeat.
    pub(crate) const fn lasting(error: ProviderError) -> Self {
        Self {
            error,
            may_retry: false,
            retry_after: None,
        }
    }

    /// One that may pass.
    pub(crate) const fn passing(error: ProviderError) -> Self {
        Self {
            error,
            may_retry: true,
            retry_after: None,
        }
    }
}

/// The failure behind a transport error before the first byte.
pub(crate) fn from_transport(error: &reqwest::Error) -> Failure {
    if AddressNotPermitted::is_behind(error) {
        Failure::lasting(ProviderError::BaseUrlRefused)
    } else if error.is_timeout() {
        Failure::passing(ProviderError::Timeout { stage: "connect" })
    } else if error.is_builder() {
        Failure::lasting(ProviderError::Protocol {
            detail: "the request cannot be sent to this address".to_owned(),
        })
    } else {
        Failure::passing(ProviderError::Unreachable)
    }
}

/// The failure behind a status that is no success. `body` is what was read of the explanation.
pub(crate) fn from_status(
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &[u8],
    redaction: &Redaction,
) -> Failure {
    let explanation = Explanation::of(body);
    let detail = || match &explanation.text {
        Some(text) => redaction.detail(text),
        None => format!("status {}", status.as_u16()),
    };
    let retry_after_ms = retry_after.map(milliseconds);
    let (error, may_retry) = match status.as_u16() {
        401 | 403 => (ProviderError::Auth, false),
        429 if explanation.is_out_of_quota() => {
            (ProviderError::BadRequest { detail: detail() }, false)
        }
        429 => (ProviderError::RateLimited { retry_after_ms }, true),
        503 | 529 => (ProviderError::Overloaded { retry_after_ms }, true),
        408 | 500..=599 => (ProviderError::Failed { detail: detail() }, true),
        400..=499 => (ProviderError::BadRequest { detail: detail() }, false),
        300..=399 => (
            ProviderError::Protocol {
                detail: format!(
                    "it answered with a redirect (status {}); set the base URL to the final address",
                    status.as_u16()
                ),
            },
            false,
        ),
        code => (
            ProviderError::Protocol {
                detail: format!("unexpected status {code}"),
            },
            false,
        ),
    };
    Failure {
        error,
        may_retry,
        retry_after,
    }
}

/// The error behind an `error` object that came after the first byte.
pub(crate) fn from_stream(error: &Value, redaction: &Redaction) -> ProviderError {
    let explanation = Explanation::of_value(error);
    let kind = explanation.kind.as_deref().unwrap_or_default();
    let code = explanation.code.as_deref().unwrap_or_default();
    let detail = || match &explanation.text {
        Some(text) => redaction.detail(text),
        None => "it told no reason".to_owned(),
    };
    for name in [kind, code] {
        match name {
            "overloaded_error" | "overloaded" | "server_overloaded" | "503" | "529" => {
                return ProviderError::Overloaded {
                    retry_after_ms: None,
                };
            }
            "insufficient_quota" | "billing_error" => {
                return ProviderError::BadRequest { detail: detail() };
            }
            "rate_limit_error" | "rate_limit_exceeded" | "429" => {
                return ProviderError::RateLimited {
                    retry_after_ms: None,
                };
            }
            "authentication_error" | "permission_error" | "invalid_api_key" | "401" | "403" => {
                return ProviderError::Auth;
            }
            "invalid_request_error"
            | "not_found_error"
            | "request_too_large"
            | "400"
            | "402"
            | "404"
            | "413"
            | "422" => return ProviderError::BadRequest { detail: detail() },
            _ => {}
        }
    }
    ProviderError::Failed { detail: detail() }
}

/// What a provider says about a failure, in the forms that are found in the wild.
#[derive(Debug, Default)]
struct Explanation {
    kind: Option<String>,
    code: Option<String>,
    text: Option<String>,
}

impl Explanation {
    fn of(body: &[u8]) -> Self {
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            // Some wrap the object in a list.
            let value = match &value {
                Value::Array(items) => items.first().unwrap_or(&Value::Null),
                other => other,
            };
            return Self::of_value(value.get("error").unwrap_or(value));
        }
        let text = String::from_utf8_lossy(body);
        let is_page = text.trim_start().starts_with('<');
        Self {
            text: (!is_page && !text.trim().is_empty()).then(|| text.into_owned()),
            ..Self::default()
        }
    }

    fn of_value(error: &Value) -> Self {
        let word = |name: &str| match error.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let text = match error {
            Value::String(text) => Some(text.clone()),
            _ => word("message").or_else(|| match error.get("detail") {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Null) | None => None,
                Some(other) => Some(other.to_string()),
            }),
        };
        Self {
            kind: word("type"),
            code: word("code"),
            text: text.filter(|text| !text.trim().is_empty()),
        }
    }

    /// Waiting does not fill an account.
    fn is_out_of_quota(&self) -> bool {
        [&self.kind, &self.code]
            .into_iter()
            .flatten()
            .any(|word| word == "insufficient_quota")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(code: u16, body: &str) -> (ProviderError, bool) {
        let failure = from_status(
            StatusCode::from_u16(code).unwrap(),
            Some(Duration::from_millis(1500)),
            body.as_bytes(),
            &Redaction::default(),
        );
        (failure.error, failure.may_retry)
    }

    fn bad_request(detail: &str) -> ProviderError {
        ProviderError::BadRequest {
            detail: detail.to_owned(),
        }
    }

    fn failed(detail: &str) -> ProviderError {
        ProviderError::Failed {
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn gives_each_status_its_error() {
        let after = Some(1500);
        let message = r#"{"error":{"type":"x","message":"no such model"}}"#;
        for (code, expected) in [
            (400, (bad_request("no such model"), false)),
            (401, (ProviderError::Auth, false)),
            (403, (ProviderError::Auth, false)),
            (404, (bad_request("no such model"), false)),
            (408, (failed("no such model"), true)),
            (
                429,
                (
                    ProviderError::RateLimited {
                        retry_after_ms: after,
                    },
                    true,
                ),
            ),
            (500, (failed("no such model"), true)),
            (502, (failed("no such model"), true)),
            (
                503,
                (
                    ProviderError::Overloaded {
                        retry_after_ms: after,
                    },
                    true,
                ),
            ),
            (
                529,
                (
                    ProviderError::Overloaded {
                        retry_after_ms: after,
                    },
                    true,
                ),
            ),
        ] {
            assert_eq!(status(code, message), expected, "{code}");
        }
        assert!(matches!(
            status(307, ""),
            (ProviderError::Protocol { .. }, false)
        ));
    }

    #[test]
    fn finds_the_explanation_in_every_common_form() {
        for (body, detail) in [
            (r#"{"error":"model is gone"}"#, "model is gone"),
            (r#"{"message":"model is gone"}"#, "model is gone"),
            (r#"{"detail":"model is gone"}"#, "model is gone"),
            (
                r#"[{"error":{"code":400,"message":"model is gone"}}]"#,
                "model is gone",
            ),
            ("model\nis gone", "model is gone"),
            ("<html><body>Bad gateway</body></html>", "status 400"),
            ("", "status 400"),
            ("{}", "status 400"),
        ] {
            assert_eq!(status(400, body).0, bad_request(detail), "{body}");
        }
    }

    #[test]
    fn does_not_retry_an_empty_account() {
        let body = r#"{"error":{"code":"insufficient_quota","message":"add credit"}}"#;
        assert_eq!(status(429, body), (bad_request("add credit"), false));
    }

    #[test]
    fn names_errors_of_the_running_stream() {
        let redaction = Redaction::default();
        let overloaded = ProviderError::Overloaded {
            retry_after_ms: None,
        };
        let limited = ProviderError::RateLimited {
            retry_after_ms: None,
        };
        for (value, expected) in [
            (
                json!({"type":"overloaded_error","message":"Overloaded"}),
                overloaded.clone(),
            ),
            (json!({"code":503,"message":"m"}), overloaded),
            (json!({"type":"rate_limit_error"}), limited.clone()),
            (json!({"code":429}), limited),
            (
                json!({"type":"invalid_request_error","message":"too long"}),
                bad_request("too long"),
            ),
            (json!({"type":"authentication_error"}), ProviderError::Auth),
            (json!({"type":"api_error","message":"oh"}), failed("oh")),
            (json!("plain words"), failed("plain words")),
            (json!({}), failed("it told no reason")),
        ] {
            assert_eq!(from_stream(&value, &redaction), expected, "{value}");
        }
    }
}
