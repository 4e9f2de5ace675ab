//! Whether somebody who came in is still welcome: for streams that stay open.

use std::sync::Arc;

use manent_domain::ports::StoreError;
use manent_types::UserId;

use super::context::{AccountPorts, Context};
use crate::caller::{Caller, CallerProof};
use crate::policy::AccountPolicy;

/// Looks again at those who came in.
#[derive(Clone)]
pub struct StandingService {
    context: Context,
}

impl StandingService {
    /// A service over these ports.
    pub const fn new(ports: AccountPorts, policy: Arc<AccountPolicy>) -> Self {
        Self {
            context: Context::new(ports, policy),
        }
    }

    /// Whether the caller would still be let in by what the caller is known by: a session or a key that goes on, of an account that is there
    /// and not disabled.
    ///
    /// # Errors
    /// When the store fails; nothing is known then.
    pub async fn is_welcome(&self, caller: &Caller) -> Result<bool, StoreError> {
        let Some(account) = caller.account() else {
            return Ok(true);
        };
        let ports = &self.context.ports;
        let now = self.context.now();
        match caller.proof() {
            CallerProof::Local | CallerProof::CommandLine => Ok(true),
            CallerProof::Session(session) => {
                let found = ports.sessions.find(account, session).await?;
                Ok(found
                    .is_some_and(|(session, account)| session.is_live(now) && account.is_active()))
            }
            CallerProof::ApiKey(key) => {
                let found = ports.api_keys.find(key).await?;
                Ok(found.is_some_and(|(key, account)| key.is_live(now) && account.is_active()))
            }
            CallerProof::ProviderToken => {
                let found = ports.accounts.find(account).await?;
                Ok(found.is_some_and(|account| account.is_active()))
            }
        }
    }

    /// Whether there is such an account, disabled or not.
    ///
    /// # Errors
    /// When the store fails; nothing is known then.
    pub async fn exists(&self, account: UserId) -> Result<bool, StoreError> {
        Ok(self.context.ports.accounts.find(account).await?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use manent_types::UserId;

    use crate::api_key::{Scope, Scopes};
    use crate::caller::Caller;
    use crate::testing::{World, account, run};

    #[test]
    fn whoever_is_signed_out_or_expired_is_not_welcome() {
        let world = World::with_account(account("ada@example.org"));
        let caller = || world.caller(&world.signed_in("ada@example.org"));
        let is_welcome = |caller: &Caller| run(world.standing().is_welcome(caller)).unwrap();
        let (one, two) = (caller(), caller());
        assert!(is_welcome(&one) && is_welcome(&two));
        run(world.sessions().sign_out(&one)).unwrap();
        assert!(!is_welcome(&one) && is_welcome(&two));
        world.wait(Duration::from_hours(24 * 8));
        assert!(!is_welcome(&two));
        let owner = two.account().unwrap();
        assert!(run(world.standing().exists(owner)).unwrap());
        let nobody = UserId::new(uuid::Uuid::nil());
        assert!(!run(world.standing().exists(nobody)).unwrap());
    }

    #[test]
    fn a_revoked_key_is_not_welcome() {
        let world = World::with_account(account("ada@example.org"));
        let person = world.caller(&world.signed_in("ada@example.org"));
        let scopes = Scopes::from_iter([Scope::Read]);
        let made = run(world.keys().create(&person, "program", scopes, None)).unwrap();
        let program = Caller::of_api_key(&account("ada@example.org"), &made.key, None);
        assert!(run(world.standing().is_welcome(&program)).unwrap());
        run(world.keys().revoke(&person, made.key.id)).unwrap();
        assert!(!run(world.standing().is_welcome(&program)).unwrap());
    }
}
