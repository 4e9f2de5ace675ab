//! Signing in through an OpenID provider, as the configuration wants it.

use std::sync::Arc;

use manent_accounts::policy::AccountPolicy;
use manent_accounts::services::{AccountPorts, OpenIdPolicy, OpenIdService};
use manent_config::{Config, Mode, RoleRule, RoleSource};
use manent_oidc::{ClaimNames, OidcError, Provider, ProviderSettings};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::oidc::{Oidc, OidcOptions, Spent};

/// Absent but in the mode oidc. The provider is not asked yet.
pub(super) fn set_up(
    config: &Config,
    ports: &AccountPorts,
    policy: &AccountPolicy,
    is_secure: bool,
) -> Result<Option<Arc<Oidc>>, OidcError> {
    let oidc = &config.oidc;
    if config.mode != Mode::Oidc {
        return Ok(None);
    }
    let provider = Provider::new(ProviderSettings {
        issuer: oidc.issuer.clone().unwrap_or_default(),
        client_id: oidc.client_id.clone().unwrap_or_default(),
        client_secret: oidc.client_secret.clone(),
        scopes: oidc.scopes.clone(),
        claims: ClaimNames {
            email: oidc.email_claim.clone(),
            username: oidc.username_claim.clone(),
            name: oidc.name_claim.clone(),
        },
        trust_email: oidc.trust_email,
        required: rule(&oidc.required),
        admin: rule(&oidc.admin),
        audiences: oidc.audiences.clone(),
        timeout: oidc.timeout,
    })?;
    let people = OpenIdPolicy {
        creates_accounts: oidc.create_accounts,
        links_passwords: oidc.link_passwords,
        domains: config.accounts.allowed_domains.clone(),
    };
    Ok(Some(Arc::new(Oidc {
        provider: Arc::new(provider),
        people: OpenIdService::new(ports.clone(), Arc::new(policy.clone()), people),
        vault: Arc::clone(&ports.vault),
        clock: Arc::clone(&ports.clock),
        spent: Spent::default(),
        options: OidcOptions {
            label: oidc.label.clone(),
            image: oidc.image.clone(),
            is_automatic: oidc.automatic,
            has_passwords: oidc.passwords,
            ends_session: oidc.end_session,
            is_secure,
            public_url: config.public_url.clone(),
        },
    })))
}

fn rule(rule: &RoleRule) -> manent_oidc::RoleRule {
    manent_oidc::RoleRule {
        roles: rule.roles.clone(),
        path: rule.path.clone(),
        source: match rule.source {
            RoleSource::IdToken => manent_oidc::RoleSource::IdToken,
            RoleSource::AccessToken => manent_oidc::RoleSource::AccessToken,
            RoleSource::UserInfo => manent_oidc::RoleSource::UserInfo,
        },
    }
}

/// Asks the provider what it says of itself while nobody waits for it. The server does not need the answer to start.
pub(super) fn introduce(oidc: &Oidc, tasks: &TaskTracker, background: &CancellationToken) {
    let provider = Arc::clone(&oidc.provider);
    let background = background.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = background.cancelled() => {}
            outcome = provider.discover() => match outcome {
                Ok(()) => tracing::info!("the OpenID provider is known"),
                Err(error) => tracing::warn!(%error, "the OpenID provider cannot be asked yet; it is asked again when somebody signs in"),
            },
        }
    });
}
