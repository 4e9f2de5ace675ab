//! The port of the mark of the server's secret.

use async_trait::async_trait;
use manent_accounts::ports::SecretRegistry;
use manent_accounts::server_secret::{SecretDecision, SecretMark, SecretStanding, decide_secret};
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::MemoryStore;

#[async_trait]
impl SecretRegistry for MemoryStore {
    async fn registered_secret(&self) -> Result<Option<SecretMark>, StoreError> {
        Ok(self.state().accounts.secret.clone())
    }

    async fn register_secret(
        &self,
        offered: Vec<SecretMark>,
        _: Timestamp,
    ) -> Result<SecretStanding, StoreError> {
        let known = &mut self.state().accounts.secret;
        Ok(match decide_secret(known.as_ref(), &offered) {
            SecretDecision::Leave(standing) => standing,
            SecretDecision::Register => {
                *known = offered.into_iter().next();
                SecretStanding::Registered
            }
        })
    }

    async fn replace_secret(&self, mark: SecretMark, _: Timestamp) -> Result<(), StoreError> {
        self.state().accounts.secret = Some(mark);
        Ok(())
    }
}
