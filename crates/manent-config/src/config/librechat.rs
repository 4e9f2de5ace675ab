//! LibreChat's API.

/// LibreChat's API, for its web client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibreChatConfig {
    /// Whether it is served; only where people have accounts.
    pub enabled: bool,
}
