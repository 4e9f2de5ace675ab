//! Who lets a generation begin, and counts what it uses.

use async_trait::async_trait;
use manent_types::{RunId, UserId};

use crate::completion::{CompletionEvent, CompletionRequest};
use crate::error::DomainError;

/// Decides whether a generation may begin: how many somebody has at once, in a minute, and in a period.
#[async_trait]
pub trait Admission: Send + Sync {
    /// Asked before a generation begins, under the id of its run (or any new one, when it is none). Asking for the same id again, here or
    /// elsewhere, counts once. Waits for nothing but a budget, and not for long.
    ///
    /// # Errors
    /// [`DomainError::LimitReached`]; [`DomainError::ModelWithoutPrice`] where there is a budget in money and the model has no price; [`DomainError::Store`] where there is a budget and the store cannot tell how much is left of it.
    async fn admit(
        &self,
        owner: UserId,
        run: RunId,
        request: &CompletionRequest,
    ) -> Result<Box<dyn Admitted>, DomainError>;
}

/// A generation that may begin. Dropping it is its end: what was used counts then, and nothing does when the provider was never asked.
pub trait Admitted: Send + Sync {
    /// Whether this id was admitted before, here or elsewhere: then there may be a run of it to attach to.
    fn is_repeated(&self) -> bool {
        false
    }

    /// The provider is asked now.
    fn asked(&mut self);

    /// The provider has accepted, with this model: from here on it costs.
    fn accepted(&mut self, provider: &str, model: &str);

    /// This came from the provider.
    fn note(&mut self, event: &CompletionEvent);
}

/// Admits everything and counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAdmission;

#[async_trait]
impl Admission for NoAdmission {
    async fn admit(
        &self,
        _: UserId,
        _: RunId,
        _: &CompletionRequest,
    ) -> Result<Box<dyn Admitted>, DomainError> {
        Ok(Box::new(Self))
    }
}

impl Admitted for NoAdmission {
    fn asked(&mut self) {}

    fn accepted(&mut self, _: &str, _: &str) {}

    fn note(&mut self, _: &CompletionEvent) {}
}
