//! What can be wrong with a provider's configuration. None of the texts holds a key.

/// A provider's configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderConfigError {
    /// The address is none.
    #[error("the base URL is not valid: {reason}")]
    BaseUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A person chose the address, and it leads where people may not send the server.
    #[error("the base URL leads to an address that is not allowed here")]
    NotPermitted,
    /// The key cannot stand in a header.
    #[error("the API key has characters that a key cannot have, such as a line break or a space")]
    ApiKey,
    /// A header cannot be sent.
    #[error("the header {name:?} is not valid: {reason}")]
    Header {
        /// Its name as configured.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be set up: {reason}")]
    Client {
        /// In the HTTP library's words.
        reason: String,
    },
}
