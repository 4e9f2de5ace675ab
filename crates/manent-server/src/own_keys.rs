//! People's own keys for providers: what of them the surfaces take and show, and what a generation gets.
//!
//! Invariant: a key goes to no other endpoint than the one that it was given for, and to no surface at all.

mod provider;

use std::sync::Arc;
use std::time::Duration;

use manent_accounts::AccountError;
use manent_accounts::caller::Caller;
use manent_accounts::services::{OpenedKey, ProviderKeyService};
use manent_config::Config;
use manent_domain::completion::ProviderError;
use manent_providers::AddressGuard;
use manent_types::{Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub(crate) use provider::OwnKeyProvider;

/// How long a generation waits for the store to give the key. Longer than other requests wait, for without it there is no answer at all.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// Providers that want a key of each person's own.
#[derive(Debug, Clone)]
pub(crate) struct OwnEndpoints {
    endpoints: Arc<[OwnEndpoint]>,
    guard: AddressGuard,
}

/// A provider that wants a key of each person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnEndpoint {
    /// The provider's id in the configuration.
    pub(crate) id: String,
    /// Whether it wants an address beside it.
    pub(crate) takes_base_url: bool,
}

impl OwnEndpoints {
    /// Those of the configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let own = config.providers.iter().filter(|provider| provider.own.key);
        let endpoints = own.map(|provider| OwnEndpoint {
            id: provider.id.clone(),
            takes_base_url: provider.own.base_url,
        });
        Self {
            endpoints: endpoints.collect(),
            guard: AddressGuard::new(&config.accounts.user_url_networks),
        }
    }
}

/// What a person gives for an endpoint.
pub(crate) struct GivenKey {
    /// The key.
    pub(crate) api_key: SecretString,
    /// Where the endpoint is, if the person says that too.
    pub(crate) base_url: Option<String>,
}

/// The same as it is stored, encrypted.
#[derive(Serialize, Deserialize)]
struct StoredKey<'text> {
    #[serde(rename = "apiKey")]
    api_key: std::borrow::Cow<'text, str>,
    #[serde(rename = "baseURL", default, skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
}

/// Keeps people's own keys, and opens them for generations.
#[derive(Clone)]
pub(crate) struct OwnKeys {
    service: ProviderKeyService,
    known: OwnEndpoints,
}

impl OwnKeys {
    /// For these endpoints.
    pub(crate) const fn new(service: ProviderKeyService, known: OwnEndpoints) -> Self {
        Self { service, known }
    }

    /// The endpoints that want a key of each person's own.
    pub(crate) fn endpoints(&self) -> &[OwnEndpoint] {
        &self.known.endpoints
    }

    /// The guard of the addresses that people choose.
    pub(crate) const fn guard(&self) -> &AddressGuard {
        &self.known.guard
    }

    /// The endpoint of this id, if it wants a key of each person's own.
    pub(crate) fn endpoint(&self, id: &str) -> Result<&OwnEndpoint, AccountError> {
        let mut endpoints = self.known.endpoints.iter();
        let endpoint = endpoints.find(|endpoint| endpoint.id == id);
        endpoint.ok_or(AccountError::NotFound)
    }

    /// Stores the caller's key for an endpoint, in place of one that is there.
    pub(crate) async fn put(
        &self,
        caller: &Caller,
        id: &str,
        given: GivenKey,
        expires_at: Option<Timestamp>,
    ) -> Result<(), AccountError> {
        let endpoint = self.endpoint(id)?;
        self.check(endpoint, &given)?;
        let stored = StoredKey {
            api_key: given.api_key.expose_secret().into(),
            base_url: given.base_url,
        };
        let text = serde_json::to_string(&stored)
            .map_err(|_| invalid("apiKey", "cannot be written as JSON"))?;
        self.service
            .put(caller, id, &SecretString::from(text), expires_at)
            .await
    }

    /// Whether the caller has a key for an endpoint, and until when.
    pub(crate) async fn expiry(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<Option<Timestamp>>, AccountError> {
        self.service.expiry(caller, id).await
    }

    /// Deletes the caller's key for an endpoint, also for one that is configured no more.
    pub(crate) async fn delete(&self, caller: &Caller, id: &str) -> Result<bool, AccountError> {
        self.service.delete(caller, id).await
    }

    /// Deletes all of the caller's keys.
    pub(crate) async fn delete_all(&self, caller: &Caller) -> Result<u64, AccountError> {
        self.service.delete_all(caller).await
    }

    fn check(&self, endpoint: &OwnEndpoint, given: &GivenKey) -> Result<(), AccountError> {
        let key = given.api_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("apiKey", "must have visible ASCII characters only"));
        }
        match &given.base_url {
            Some(_) if !endpoint.takes_base_url => {
                Err(invalid("baseURL", "cannot be chosen for this provider"))
            }
            None if endpoint.takes_base_url => {
                Err(invalid("baseURL", "is needed for this provider"))
            }
            Some(url) => self
                .known
                .guard
                .check_base_url(url)
                .map_err(|error| invalid("baseURL", &error.to_string())),
            None => Ok(()),
        }
    }

    /// The owner's key for an endpoint, for a request that is about to be sent there.
    async fn open(&self, owner: UserId, endpoint: &OwnEndpoint) -> Result<GivenKey, ProviderError> {
        let opened = tokio::time::timeout(STORE_WAIT, self.service.open(owner, &endpoint.id));
        let text = match opened.await {
            Ok(Ok(OpenedKey::Key(text))) => text,
            Ok(Ok(OpenedKey::Expired)) => return Err(ProviderError::OwnKeyExpired),
            Ok(Ok(OpenedKey::Missing)) => return Err(ProviderError::OwnKeyMissing),
            Ok(Err(AccountError::Store(_))) | Err(_) => {
                return Err(ProviderError::OwnKeyUnavailable);
            }
            // Sealed with a secret that is gone.
            Ok(Err(_)) => return Err(unusable("it cannot be decrypted any more; store it again")),
        };
        let stored: StoredKey<'_> = serde_json::from_str(text.expose_secret())
            .map_err(|_| unusable("it is not as this server stores keys; store it again"))?;
        if stored.base_url.is_some() != endpoint.takes_base_url {
            return Err(unusable(
                "the provider's configuration has changed since; store it again",
            ));
        }
        Ok(GivenKey {
            api_key: SecretString::from(stored.api_key.into_owned()),
            base_url: stored.base_url,
        })
    }
}

fn invalid(field: &'static str, reason: &str) -> AccountError {
    AccountError::Invalid {
        field,
        reason: reason.to_owned(),
    }
}

fn unusable(reason: &str) -> ProviderError {
    ProviderError::OwnKeyUnusable {
        reason: reason.to_owned(),
    }
}
