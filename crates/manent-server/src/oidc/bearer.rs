//! Tokens of the provider that programs send in place of one of this server's.

use std::net::IpAddr;

use manent_accounts::caller::{Caller, Origin};
use manent_accounts::services::OpenIdError;
use manent_oidc::OidcError;
use manent_types::SessionId;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Oidc, person};
use crate::access::Standings;
use crate::native::ApiError;

impl Oidc {
    /// Whether a token is to be checked as one of the provider's.
    pub(crate) fn takes(&self, token: &str) -> bool {
        self.provider.may_be_own(token)
    }

    /// Who presents this token of the provider's. The token is checked each time; whose account it is, is remembered for a moment.
    pub(crate) async fn caller(
        &self,
        token: &str,
        standings: &Standings,
        address: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        let checked = self.provider.check_bearer(token, self.clock.now()).await;
        let person = checked.map_err(|error| match error {
            OidcError::Unavailable { detail } => {
                tracing::warn!(detail, "the OpenID provider's keys cannot be had");
                ApiError::sign_in_unavailable()
            }
            error => {
                tracing::debug!(%error, "a token of the OpenID provider is not believed");
                ApiError::signed_out()
            }
        })?;
        // No session has this id: theirs say when they were made.
        let digest = Sha256::digest(token.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        let place = SessionId::new(Uuid::from_bytes(id));
        let ticket = match standings.find(place, Instant::now()) {
            Ok(caller) => return Ok(caller.at(address)),
            Err(ticket) => ticket,
        };
        let origin = Origin {
            address,
            label: None,
        };
        let person = person::let_in(person).map_err(OpenIdError::Refused)?;
        let account = self.people.account_of(&person, &origin).await?;
        let caller = Caller::of_provider_token(&account, address);
        standings.remember(place, &caller, ticket, Instant::now());
        Ok(caller)
    }
}
