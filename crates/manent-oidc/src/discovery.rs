//! What the provider says of itself, and its keys: asked for once, kept, and asked for anew when it is old.
//!
//! Invariant: at most one request is under way. Whoever waits for it gets its outcome, be it a failure, and asks not again.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::{DiscoveryError, IssuerUrl, JsonWebKeySet, ProviderMetadataWithLogout};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::OidcError;
use crate::http::{Http, HttpError};

/// How long keys stay as they are although a token names one that is not among them.
pub const KEYS_PAUSE: Duration = Duration::from_secs(10);

/// How long what was discovered is used without asking again.
const FRESH: Duration = Duration::from_hours(1);

/// How long it is used further when asking again failed.
const RETRY: Duration = Duration::from_mins(1);

/// What the provider says of itself.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) metadata: ProviderMetadataWithLogout,
    pub(crate) keys: CoreJsonWebKeySet,
}

#[derive(Debug, Clone)]
struct Known {
    discovered: Arc<Discovered>,
    fresh_until: Instant,
}

#[derive(Debug, Default)]
struct Work {
    failed: Option<(Instant, OidcError)>,
    keys_asked_at: Option<Instant>,
}

/// Keeps what was discovered.
#[derive(Debug)]
pub(crate) struct Discovery {
    issuer: IssuerUrl,
    known: RwLock<Option<Known>>,
    work: Mutex<Work>,
}

impl Discovery {
    pub(crate) fn new(issuer: IssuerUrl) -> Self {
        Self {
            issuer,
            known: RwLock::new(None),
            work: Mutex::new(Work::default()),
        }
    }

    fn known(&self) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn keep(&self, discovered: &Arc<Discovered>, fresh_until: Instant) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Known {
            discovered: Arc::clone(discovered),
            fresh_until,
        });
    }

    /// What is known already, however old.
    pub(crate) fn at_hand(&self) -> Option<Arc<Discovered>> {
        self.known().map(|known| known.discovered)
    }

    /// What is known; asks the provider where that is nothing, or old.
    pub(crate) async fn get(&self, http: &Http) -> Result<Arc<Discovered>, OidcError> {
        let wanted_at = Instant::now();
        if let Some(fresh) = self.fresh(wanted_at) {
            return Ok(fresh);
        }
        let mut work = self.work.lock().await;
        if let Some(fresh) = self.fresh(wanted_at) {
            return Ok(fresh);
        }
        if let Some((failed_at, error)) = &work.failed
            && *failed_at >= wanted_at
        {
            return Err(error.clone());
        }
        let answer = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), http).await;
        match answer {
            Ok(metadata) => {
                let keys = metadata.jwks().clone();
                let discovered = Arc::new(Discovered { metadata, keys });
                self.keep(&discovered, Instant::now() + FRESH);
                Ok(discovered)
            }
            Err(error) => {
                let error = failure(error);
                if let Some(old) = self.known() {
                    tracing::warn!(%error, "the OpenID provider's description could not be renewed; the old one goes on");
                    self.keep(&old.discovered, Instant::now() + RETRY);
                    return Ok(old.discovered);
                }
                work.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    fn fresh(&self, at: Instant) -> Option<Arc<Discovered>> {
        self.known()
            .filter(|known| at < known.fresh_until)
            .map(|known| known.discovered)
    }

    /// The keys anew, for a token names one that `before` has not; unless they were asked for a moment ago for the same reason.
    pub(crate) async fn renew_keys(
        &self,
        before: &Arc<Discovered>,
        http: &Http,
    ) -> Result<Arc<Discovered>, OidcError> {
        let mut work = self.work.lock().await;
        let Some(known) = self.known() else {
            return Ok(Arc::clone(before));
        };
        let is_pause = work
            .keys_asked_at
            .is_some_and(|asked_at| asked_at.elapsed() < KEYS_PAUSE);
        if is_pause || !Arc::ptr_eq(&known.discovered, before) {
            return Ok(known.discovered);
        }
        work.keys_asked_at = Some(Instant::now());
        let keys = JsonWebKeySet::fetch_async(before.metadata.jwks_uri(), http).await;
        let renewed = Arc::new(Discovered {
            metadata: before.metadata.clone(),
            keys: keys.map_err(failure)?,
        });
        self.keep(&renewed, known.fresh_until);
        Ok(renewed)
    }
}

fn failure(error: DiscoveryError<HttpError>) -> OidcError {
    match error {
        DiscoveryError::Request(error) => OidcError::unavailable(error.to_string()),
        DiscoveryError::Response(status, _, _) if !status.is_success() => {
            OidcError::unavailable(format!("the discovery is answered with {status}"))
        }
        DiscoveryError::Response(_, _, detail) | DiscoveryError::Validation(detail) => {
            OidcError::invalid(format!("discovery: {detail}"))
        }
        DiscoveryError::Parse(error) => {
            OidcError::invalid(format!("discovery: `{}` cannot be read", error.path()))
        }
        other => OidcError::invalid(format!("discovery: {other}")),
    }
}
