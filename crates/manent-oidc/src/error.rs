//! Why nobody was signed in.

/// What went wrong between this server, the browser and the provider. The details are for the log; none has a token, a code or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider cannot be reached, takes too long, or answers with a failure of its own: trying again later may help.
    #[error("the provider is not available: {detail}")]
    Unavailable {
        /// For the log.
        detail: String,
    },
    /// The provider said no: the person cancelled, or may not use this server.
    #[error("the provider refused: {code}")]
    Refused {
        /// The provider's code.
        code: String,
    },
    /// The answer is not one to what this browser asked, or comes too late.
    #[error("the sign-in has expired, or was begun elsewhere")]
    Expired,
    /// What the provider answered, or somebody in its name, does not hold.
    #[error("what came from the provider does not hold: {detail}")]
    Invalid {
        /// For the log.
        detail: String,
    },
}

impl OidcError {
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable {
            detail: detail.into(),
        }
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid {
            detail: detail.into(),
        }
    }
}
