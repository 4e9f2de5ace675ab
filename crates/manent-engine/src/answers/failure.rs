//! What a failed answer means: the one place that reads statuses and codes, for every shell.
//!
//! An answer is asked for with an id of its own, and a repeat attaches to the run that has it. So the question is never "may this be
//! repeated" (it always may), but "can a repeat give anything else". A run that ended gives its end again, however often it is asked for:
//! a provider's failure is such an end, also where it looks like a reason for patience.

use crate::time::Millis;

/// Why an answer was not begun, or why its stream broke, by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFailure {
    /// Network, time-out, 5xx, an answer that makes no sense, a stream that ended without its end.
    Infrastructure,
    /// The server wants patience: 429, or 503 with `Retry-After`.
    BackPressure {
        /// The least time to wait.
        retry_after_ms: Option<Millis>,
    },
    /// Nobody is signed in any more.
    Auth,
    /// The server works and cannot give this answer yet: its conversation is still in the outbox, or the place in its log was lost. Ask again
    /// from the beginning.
    NotYet {
        /// Stable.
        code: String,
    },
    /// Asking again can never give another result: the run has ended, or the request is refused for what is in it.
    Over {
        /// Stable.
        code: String,
    },
    /// The user does not want it any more.
    UserAbort,
}

/// Reads how an answer failed.
///
/// `status`: the HTTP status; 0 when there was none, 200 for what came in the stream of a run. `code`: of the problem, or of the stream's
/// `error` event, or of its last `notice` where it ended without an end; absent where there was none of these, or nothing that could be read.
pub fn read_failure(
    status: u16,
    code: Option<&str>,
    retry_after_ms: Option<Millis>,
) -> AnswerFailure {
    let over = |code: &str| AnswerFailure::Over {
        code: code.to_owned(),
    };
    let pressure = AnswerFailure::BackPressure { retry_after_ms };
    match (status, code.map(|code| (code, meaning(code)))) {
        (401, _) => AnswerFailure::Auth,
        (429, _) => pressure,
        (_, Some((_, Meaning::WrongWay | Meaning::Remark))) => AnswerFailure::Infrastructure,
        (403, Some((code, Meaning::Forbidden))) => over(code),
        (403, Some(_)) => AnswerFailure::Auth,
        (_, Some((code, Meaning::NotYet))) => AnswerFailure::NotYet {
            code: code.to_owned(),
        },
        (_, Some((_, Meaning::Patience))) => pressure,
        (_, Some((code, Meaning::Over))) => over(code),
        (408 | 425, _) => AnswerFailure::Infrastructure,
        (503, _) if retry_after_ms.is_some() => pressure,
        // In the stream of a run every other error is the run's end; as a refusal it is about what was asked.
        (200 | 400..=499, Some((code, Meaning::Unknown | Meaning::Forbidden))) => over(code),
        _ => AnswerFailure::Infrastructure,
    }
}

/// What a code says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The request did not reach what it was meant for.
    WrongWay,
    /// It may be there in a moment, or from the beginning.
    NotYet,
    /// A remark about a stream that went on, and tells nothing about why it broke later.
    Remark,
    /// The server asks for time.
    Patience,
    /// Final for this id.
    Over,
    /// Who asks may not do this, and would not after another sign-in.
    Forbidden,
    /// The status decides.
    Unknown,
}

fn meaning(code: &str) -> Meaning {
    match code {
        "host_not_allowed" | "origin_not_allowed" | "not_found" | "method_not_allowed" => {
            Meaning::WrongWay
        }
        "conversation_not_found"
        | "parent_unknown"
        | "run_not_found"
        | "cursor_ahead"
        | "cursor_foreign"
        | "invalid_cursor" => Meaning::NotYet,
        "not_logged" | "not_recorded" => Meaning::Remark,
        "overloaded" | "shutting_down" | "store_unavailable" | "store_busy" | "rate_limited" => {
            Meaning::Patience
        }
        "interrupted" | "stopped" | "run_log_cleared" => Meaning::Over,
        "scope_missing" | "forbidden" => Meaning::Forbidden,
        provider if provider.starts_with("provider_") => Meaning::Over,
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(code: &str) -> AnswerFailure {
        AnswerFailure::Over {
            code: code.to_owned(),
        }
    }

    fn not_yet(code: &str) -> AnswerFailure {
        AnswerFailure::NotYet {
            code: code.to_owned(),
        }
    }

    #[test]
    fn a_failure_of_the_provider_is_the_runs_end_however_retryable_it_looks() {
        for (status, code) in [
            (502, "provider_unreachable"),
            (504, "provider_timeout"),
            (503, "provider_rate_limited"),
            (503, "provider_overloaded"),
            (502, "provider_auth"),
            (502, "provider_bad_request"),
            (200, "provider_truncated"),
            (200, "provider_failed"),
        ] {
            assert_eq!(
                read_failure(status, Some(code), Some(2_000)),
                over(code),
                "{code}"
            );
        }
    }

    #[test]
    fn what_a_runs_stream_says_last_is_its_end_unless_only_the_stream_was_cut() {
        for code in ["interrupted", "stopped", "run_log_cleared"] {
            assert_eq!(read_failure(500, Some(code), None), over(code), "{code}");
        }
        for code in ["interrupted", "stopped", "internal", "invalid_request"] {
            assert_eq!(read_failure(200, Some(code), None), over(code), "{code}");
        }
        for code in ["shutting_down", "store_unavailable", "store_busy"] {
            let expected = AnswerFailure::BackPressure {
                retry_after_ms: None,
            };
            assert_eq!(read_failure(200, Some(code), None), expected, "{code}");
        }
        // The last notice of a stream that broke later.
        for code in [None, Some("not_logged"), Some("not_recorded")] {
            let expected = AnswerFailure::Infrastructure;
            assert_eq!(read_failure(200, code, None), expected, "{code:?}");
        }
    }

    #[test]
    fn what_the_outbox_still_has_to_bring_is_not_there_yet() {
        for (status, code) in [
            (404, "conversation_not_found"),
            (422, "parent_unknown"),
            (404, "run_not_found"),
            (409, "cursor_ahead"),
            (400, "cursor_foreign"),
        ] {
            assert_eq!(
                read_failure(status, Some(code), None),
                not_yet(code),
                "{code}"
            );
        }
    }

    #[test]
    fn a_refusal_for_what_is_in_the_request_is_final() {
        for (status, code) in [
            (422, "unknown_model"),
            (422, "unknown_provider"),
            (400, "invalid_body"),
            (413, "body_too_large"),
            (409, "id_taken"),
            (410, "run_log_cleared"),
            (422, "a_code_of_the_future"),
        ] {
            assert_eq!(read_failure(status, Some(code), None), over(code), "{code}");
        }
    }

    /// Signing in again would change nothing about what a key or a role may do.
    #[test]
    fn what_somebody_may_not_do_is_final_and_no_reason_to_sign_in() {
        for code in ["scope_missing", "forbidden"] {
            assert_eq!(read_failure(403, Some(code), None), over(code), "{code}");
        }
    }

    #[test]
    fn takes_nonsense_for_a_fault_on_the_way() {
        for (status, code) in [
            (0, None),
            (200, None),
            (302, None),
            (403, None),
            (404, None),
            (404, Some("not_found")),
            (403, Some("origin_not_allowed")),
            (408, Some("body_timeout")),
            (500, Some("internal")),
            (500, None),
            (503, None),
            (999, Some("x")),
        ] {
            assert_eq!(
                read_failure(status, code, None),
                AnswerFailure::Infrastructure,
                "{status} {code:?}"
            );
        }
    }

    #[test]
    fn tells_patience_and_sign_in_apart() {
        let wait = Some(7_000);
        let pressure = AnswerFailure::BackPressure {
            retry_after_ms: wait,
        };
        assert_eq!(read_failure(429, None, wait), pressure);
        assert_eq!(read_failure(503, Some("overloaded"), wait), pressure);
        assert_eq!(read_failure(503, None, wait), pressure);
        assert_eq!(
            read_failure(401, Some("signed_out"), None),
            AnswerFailure::Auth
        );
        assert_eq!(read_failure(401, None, None), AnswerFailure::Auth);
        assert_eq!(
            read_failure(403, Some("account_locked"), None),
            AnswerFailure::Auth
        );
    }
}
