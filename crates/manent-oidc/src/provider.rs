//! The provider, as the rest of the crate works with it.

use std::sync::Arc;

use manent_types::Timestamp;
use openidconnect::{ClientId, IssuerUrl};

use crate::discovery::{Discovered, Discovery};
use crate::error::OidcError;
use crate::http::Http;
use crate::settings::ProviderSettings;
use crate::token::{Checker, Fault, For, Verified};

/// An OpenID provider.
#[derive(Debug)]
pub struct Provider {
    pub(crate) settings: ProviderSettings,
    pub(crate) issuer: IssuerUrl,
    pub(crate) client_id: ClientId,
    pub(crate) http: Http,
    discovery: Discovery,
}

impl Provider {
    /// A provider with these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// When the issuer is no address.
    pub fn new(settings: ProviderSettings) -> Result<Self, OidcError> {
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|_| OidcError::invalid("the issuer is no address"))?;
        Ok(Self {
            client_id: ClientId::new(settings.client_id.clone()),
            http: Http::new(settings.timeout),
            discovery: Discovery::new(issuer.clone()),
            issuer,
            settings,
        })
    }

    /// Asks the provider what it says of itself, so that nobody has to wait for that later.
    ///
    /// # Errors
    /// When it does not say it.
    pub async fn discover(&self) -> Result<(), OidcError> {
        self.discovered().await.map(drop)
    }

    pub(crate) async fn discovered(&self) -> Result<Arc<Discovered>, OidcError> {
        self.discovery.get(&self.http).await
    }

    pub(crate) fn at_hand(&self) -> Option<Arc<Discovered>> {
        self.discovery.at_hand()
    }

    /// Checks a token; asks for the keys anew when it names one that is not known.
    pub(crate) async fn check(
        &self,
        text: &str,
        wanted: For<'_>,
        now: Timestamp,
    ) -> Result<Verified, OidcError> {
        let before = self.discovered().await?;
        let check = |discovered: &Discovered| {
            let checker = Checker {
                issuer: &self.issuer,
                client_id: &self.client_id,
                keys: &discovered.keys,
                now,
            };
            checker.check(text, wanted)
        };
        let checked = match check(&before) {
            Err(Fault::UnknownKey) => {
                let renewed = self.discovery.renew_keys(&before, &self.http).await?;
                if Arc::ptr_eq(&renewed, &before) {
                    Err(Fault::UnknownKey)
                } else {
                    check(&renewed)
                }
            }
            checked => checked,
        };
        checked.map_err(|fault| match fault {
            Fault::UnknownKey => OidcError::invalid("the provider has no such key"),
            Fault::Invalid(detail) => OidcError::Invalid { detail },
        })
    }
}
