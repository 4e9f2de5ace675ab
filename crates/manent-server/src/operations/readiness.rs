//! Parts of the server that may not be ready.

use async_trait::async_trait;

/// A part that is not ready, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotReady {
    /// For the operator, in words.
    pub(crate) detail: String,
}

/// A part of the server that `/readyz` asks.
#[async_trait]
pub(crate) trait ReadinessCheck: Send + Sync {
    /// Such as `store`.
    fn name(&self) -> &'static str;

    /// Whether it can work, with what is worth telling all the same. Bounded in time by the caller.
    ///
    /// # Errors
    /// Why it cannot.
    async fn check(&self) -> Result<Option<String>, NotReady>;

    /// Publishes the part's figures as metrics, just before they are read.
    fn publish_metrics(&self) {}
}
