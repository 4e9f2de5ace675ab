//! LibreChat's API.

use std::path::PathBuf;
use std::sync::Arc;

use manent_librechat::config::LibreChat;

/// LibreChat's API, for its web client.
#[derive(Debug, Clone)]
pub struct LibreChatConfig {
    /// Whether it is served.
    pub enabled: bool,
    /// LibreChat's own configuration; absent: where LibreChat looks for it.
    pub config: Option<PathBuf>,
    /// The directory with the build of LibreChat's client, to be served at `/`.
    pub ui: Option<PathBuf>,
    /// Which provider answers for which endpoint, in the order of the client's menu.
    pub endpoints: Vec<EndpointBinding>,
    /// What LibreChat's configuration says about what the client sees.
    pub client: Arc<LibreChat>,
}

/// A provider under LibreChat's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointBinding {
    /// As LibreChat's client calls it.
    pub endpoint: String,
    /// The provider's id.
    pub provider: String,
}

impl LibreChatConfig {
    /// Not served, to be overwritten by the defaults of the table of settings.
    pub(crate) fn blank() -> Self {
        Self {
            enabled: false,
            config: None,
            ui: None,
            endpoints: Vec::new(),
            client: Arc::default(),
        }
    }
}
