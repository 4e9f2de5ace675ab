//! The services of accounts, and what HTTP adds to them.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use manent_accounts::policy::AccountPolicy;
use manent_accounts::ports::Clock;
use manent_accounts::services::{
    AccountPorts, AccountService, ApiKeyService, AuditLog, InvitationService, OpenedSession,
    ProviderKeyService, RoleService, SessionService, SignInService, SignUpService,
    TwoFactorService,
};
use manent_config::Registration;
use secrecy::ExposeSecret;

use crate::access::{Cookies, Standings, device_mark};
use crate::background::afterwards::Afterwards;
use crate::native::ApiError;
use crate::oidc::Oidc;
use crate::own_keys::{OwnEndpoints, OwnKeys};
use crate::upkeep::Upkeep;

/// Everything about accounts that the surfaces need; there is none in the mode local.
pub(crate) struct Accounts {
    /// Registering.
    pub(crate) sign_up: SignUpService,
    /// Signing in.
    pub(crate) sign_in: SignInService,
    /// Staying signed in.
    pub(crate) sessions: SessionService,
    /// One's account.
    pub(crate) own: AccountService,
    /// Keys for programs.
    pub(crate) keys: ApiKeyService,
    /// People's own keys for providers.
    pub(crate) own_keys: OwnKeys,
    /// Second factors.
    pub(crate) two_factor: TwoFactorService,
    /// Roles.
    pub(crate) roles: RoleService,
    /// Invitations.
    pub(crate) invitations: InvitationService,
    /// The audit log.
    pub(crate) audit: AuditLog,
    /// Signing in through an OpenID provider; absent where nobody does.
    pub(crate) oidc: Option<Arc<Oidc>>,
    /// What is done after an answer.
    pub(crate) afterwards: Afterwards,
    /// How the cookie is made.
    pub(crate) cookies: Cookies,
    /// The time, for cookies.
    pub(crate) clock: Arc<dyn Clock>,
    /// Who may register.
    pub(crate) registration: Registration,
    /// The shortest password that may be chosen.
    pub(crate) min_password_length: usize,
    /// Whether mail goes out.
    pub(crate) sends_mail: bool,
    /// Under which address people reach the server, for links.
    pub(crate) address: String,
    /// What is looked after beside requests.
    pub(crate) upkeep: Upkeep,
    /// Who asked a moment ago.
    pub(crate) standings: Arc<Standings>,
}

impl Accounts {
    /// Services over these ports, for whoever runs the server as this policy and these cookies say.
    pub(crate) fn new(
        ports: AccountPorts,
        policy: AccountPolicy,
        options: AccountOptions,
        standings: Arc<Standings>,
    ) -> Self {
        let policy = Arc::new(policy);
        Self {
            sign_up: SignUpService::new(ports.clone(), Arc::clone(&policy)),
            sign_in: SignInService::new(ports.clone(), Arc::clone(&policy)),
            sessions: SessionService::new(ports.clone(), Arc::clone(&policy)),
            own: AccountService::new(ports.clone(), Arc::clone(&policy)),
            own_keys: OwnKeys::new(
                ProviderKeyService::new(ports.clone(), Arc::clone(&policy)),
                options.own_endpoints,
            ),
            two_factor: TwoFactorService::new(ports.clone(), Arc::clone(&policy)),
            roles: RoleService::new(ports.clone(), Arc::clone(&policy)),
            invitations: InvitationService::new(ports.clone(), Arc::clone(&policy)),
            audit: AuditLog::new(ports.clone(), Arc::clone(&policy)),
            oidc: options.oidc,
            afterwards: Afterwards::default(),
            clock: Arc::clone(&ports.clock),
            upkeep: Upkeep::new(&ports, &policy),
            sends_mail: ports.mailer.is_configured(),
            keys: ApiKeyService::new(ports, policy),
            address: options.address,
            cookies: options.cookies,
            registration: options.registration,
            min_password_length: options.min_password_length,
            standings,
        }
    }
}

impl Accounts {
    /// The cookie for the device on which somebody just signed in; `presented` is what the client sent.
    pub(crate) fn mark_device(
        &self,
        opened: &OpenedSession,
        presented: &HeaderMap,
    ) -> Result<HeaderValue, ApiError> {
        let known = device_mark(presented);
        let known = known.as_ref().map(ExposeSecret::expose_secret);
        let mark = self.sign_in.device_mark(&opened.account.email, known);
        self.cookies.mark_device(&mark)
    }

    /// Whether people sign in with passwords.
    pub(crate) fn has_passwords(&self) -> bool {
        let oidc = self.oidc.as_deref();
        oidc.is_none_or(|oidc| oidc.options.has_passwords)
    }
}

/// What of the configuration reaches HTTP.
#[derive(Debug, Clone)]
pub(crate) struct AccountOptions {
    /// Under which address people reach the server, for links.
    pub(crate) address: String,
    /// How the cookie is made.
    pub(crate) cookies: Cookies,
    /// Who may register.
    pub(crate) registration: Registration,
    /// The shortest password that may be chosen.
    pub(crate) min_password_length: usize,
    /// Signing in through an OpenID provider.
    pub(crate) oidc: Option<Arc<Oidc>>,
    /// Providers that want keys of people's own.
    pub(crate) own_endpoints: OwnEndpoints,
}
