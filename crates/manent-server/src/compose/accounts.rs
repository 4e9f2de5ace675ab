//! Accounts over a store, or none.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use manent_accounts::AccountError;
use manent_accounts::limits::{BudgetLimits, LimitDecision, LimitKey, LimitTable, Rate};
use manent_accounts::password::PasswordPolicy;
use manent_accounts::policy::{AccountPolicy, Budget, SignUpMode};
use manent_accounts::ports::{
    AccountRepository, ApiKeyRepository, AuditRepository, BudgetRepository, Clock, IdSource,
    Limiter, OneTimeLinkRepository, ProviderKeyRepository, RoleRepository, SessionRepository,
};
use manent_accounts::services::{AccountPorts, Unopened};
use manent_config::{Config, Mode, Registration, SecureCookies};
use manent_credentials::device_mark::SignedDevices;
use manent_credentials::passwords::{Argon2Parameters, PasswordLimits, Passwords};
use manent_credentials::server_secret::{InvalidSecret, SecretFileError};
use manent_credentials::vault::SealingVault;
use manent_credentials::{EntropyError, SecretGenerator, SystemEntropy, Tokens};
use manent_domain::ports::StoreError;
use manent_oidc::OidcError;
use manent_types::{Timestamp, UserId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::store::Store;
use super::{oidc, secret};
use crate::access::{Cookies, Standings};
use crate::accounts::{AccountOptions, Accounts};
use crate::links;
use crate::mail::{self, MailParts, MailSetupError};
use crate::own_keys::OwnEndpoints;

/// The most addresses and accounts whose attempts are counted.
const COUNTED: usize = 100_000;

/// Accounts cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AccountSetupError {
    /// The configured secret is none.
    #[error("`accounts.secret` cannot be used: {0}")]
    Secret(#[from] InvalidSecret),
    /// The server's own secret cannot be read or made.
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    /// There are no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The OpenID provider cannot be set up.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The database belongs to servers with another secret.
    #[error(
        "the accounts of this database were made with another secret (number {registered}) than this server's. Give this server the secret \
         of the others (`accounts.secret_file`). If this is a new one, put the old one behind it (`2:NEW 1:OLD`) until every server has it. \
         If the old one is lost, stop all servers and run `manent secret adopt`: everybody is signed out then, and what was encrypted \
         with it stays closed"
    )]
    ForeignSecret {
        /// The number of the other one.
        registered: u32,
    },
    /// There are things in the store that the server's secret does not open.
    #[error(
        "the server's secret is not the one with which {} of this database were encrypted. Give the server that one \
         (`accounts.secret_file`, or `secret.key` in the data directory), or put it behind the new one (`2:NEW 1:OLD`). If it is lost, run \
         `manent secret adopt` to go on without what it opened: those people sign in with a backup code or have their second factor \
         taken off, and store their keys again; everybody is signed out",
        super::secret::lost(unopened)
    )]
    OtherSecret {
        /// What does not open.
        unopened: Unopened,
    },
    /// The server's own secret is gone, and there are things in the store that only it opens.
    #[error(
        "{} is missing, with which {} of this database were encrypted. Put it back from a backup. If it is lost, run `manent secret adopt`, \
         which makes a new one, to go on without what it opened: those people sign in with a backup code or have their second factor taken \
         off, and store their keys again; everybody is signed out",
        super::secret::shown(path),
        super::secret::lost(unopened)
    )]
    SecretMissing {
        /// The file.
        path: PathBuf,
        /// What does not open.
        unopened: Unopened,
    },
    /// What is stored could not be looked at.
    #[error("what is stored encrypted could not be looked at: {0}")]
    Look(#[from] AccountError),
    /// The other servers count their secrets in another way.
    #[error(
        "the other servers of this database know this server's secret under the number {registered}; write it with that number in \
         `accounts.secret_file` (`{registered}:…`), or what one of them encrypts no other can open"
    )]
    MisnumberedSecret {
        /// The number under which they know it.
        registered: u32,
    },
    /// Mail cannot be set up.
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    /// The store could not be asked.
    #[error("the database could not be asked about the server's secret: {0}")]
    Store(#[from] StoreError),
}

/// The ports of one store that accounts need.
#[derive(Clone)]
pub(super) struct AccountRepositories {
    pub(super) accounts: Arc<dyn AccountRepository>,
    pub(super) sessions: Arc<dyn SessionRepository>,
    pub(super) api_keys: Arc<dyn ApiKeyRepository>,
    pub(super) links: Arc<dyn OneTimeLinkRepository>,
    pub(super) roles: Arc<dyn RoleRepository>,
    pub(super) provider_keys: Arc<dyn ProviderKeyRepository>,
    pub(super) audit: Arc<dyn AuditRepository>,
    pub(super) budgets: Arc<dyn BudgetRepository>,
}

impl AccountRepositories {
    /// Those of this store.
    pub(super) fn of<S>(store: &S) -> Self
    where
        S: AccountRepository
            + SessionRepository
            + ApiKeyRepository
            + OneTimeLinkRepository
            + RoleRepository
            + ProviderKeyRepository
            + AuditRepository
            + BudgetRepository
            + Clone
            + 'static,
    {
        let store = Arc::new(store.clone());
        Self {
            accounts: store.clone(),
            sessions: store.clone(),
            api_keys: store.clone(),
            links: store.clone(),
            roles: store.clone(),
            provider_keys: store.clone(),
            audit: store.clone(),
            budgets: store,
        }
    }
}

/// Accounts as the configuration wants them. The first one gets what the local owner kept.
pub(super) async fn set_up(
    config: &Config,
    store: &Store,
    local_owner: UserId,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    tasks: &TaskTracker,
    background: &CancellationToken,
) -> Result<Accounts, AccountSetupError> {
    let mail = MailParts {
        address: &links::page(config),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        tasks,
        background,
    };
    let repositories = store.account_repositories();
    let entropy = Arc::new(SystemEntropy);
    let loaded = secret::load(config)?;
    let passwords = Passwords::new(
        Argon2Parameters::default(),
        PasswordLimits::default(),
        entropy.clone(),
    )?;
    let tokens = Arc::new(Tokens::new(&loaded.secrets));
    let standings = Arc::new(Standings::new(
        config.accounts.recheck_interval,
        Arc::default(),
    ));
    let mut ports = AccountPorts {
        accounts: repositories.accounts,
        sessions: repositories.sessions,
        api_keys: repositories.api_keys,
        links: repositories.links,
        roles: repositories.roles,
        provider_keys: repositories.provider_keys,
        audit: repositories.audit,
        budgets: repositories.budgets,
        hasher: Arc::new(passwords),
        minter: tokens.clone(),
        reader: tokens,
        secrets: Arc::new(SecretGenerator::new(entropy.clone())?),
        vault: Arc::new(SealingVault::new(&loaded.secrets, entropy.clone())),
        mailer: mail::set_up(&config.mail, mail)?,
        limiter: Arc::new(NodeLimiter::new()),
        devices: Arc::new(SignedDevices::new(&loaded.secrets)),
        standings: standings.clone(),
        clock: Arc::clone(&clock),
        ids,
    };
    // What is stored decides whether the secrets may be used, and for that it is looked at with these ports.
    let fitting = secret::Fitting {
        registry: store.secret_registry(),
        is_shared: !store.is_exclusive(),
        ports: &ports,
        clock: clock.as_ref(),
    };
    let secrets = fitting.agree(loaded).await?;
    let tokens = Arc::new(Tokens::new(&secrets));
    ports.minter = tokens.clone();
    ports.reader = tokens;
    ports.vault = Arc::new(SealingVault::new(&secrets, entropy));
    let accounts = &config.accounts;
    let policy = AccountPolicy {
        sign_up: sign_up_mode(config),
        first_account: Some(local_owner),
        passwords: config.mode == Mode::Accounts || config.oidc.passwords,
        password: PasswordPolicy::new(accounts.min_password_length),
        session_lifetime: accounts.session_life,
        access_token_lifetime: accounts.access_token_life,
        refresh_grace: accounts.refresh_grace,
        budget: Some(budget(config)),
        ..AccountPolicy::default()
    };
    let oidc = oidc::set_up(config, &ports, &policy, is_secure(config))?;
    let options = AccountOptions {
        oidc,
        address: links::page(config),
        cookies: Cookies {
            is_secure: is_secure(config),
        },
        registration: accounts.registration,
        min_password_length: accounts.min_password_length,
        own_endpoints: OwnEndpoints::of(config),
    };
    Ok(Accounts::new(ports, policy, options, standings))
}

fn budget(config: &Config) -> Budget {
    let limits = config.limits.usage.resolved(config.mode);
    Budget {
        period: limits.budget_period,
        limits: BudgetLimits {
            runs: limits.budget_generations,
            tokens: limits.budget_tokens,
            cost: limits.budget_cost,
        },
    }
}

fn sign_up_mode(config: &Config) -> SignUpMode {
    let domains = &config.accounts.allowed_domains;
    match config.accounts.registration {
        Registration::Closed => SignUpMode::Off,
        Registration::Invited => SignUpMode::Invitation,
        Registration::Open if domains.is_empty() => SignUpMode::On,
        Registration::Open => SignUpMode::Domains(domains.clone()),
    }
}

fn is_secure(config: &Config) -> bool {
    match config.accounts.secure_cookies {
        SecureCookies::Always => true,
        SecureCookies::Never => false,
        SecureCookies::Auto => config
            .public_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://")),
    }
}

/// Attempts as this node counts them.
struct NodeLimiter(Mutex<LimitTable>);

impl NodeLimiter {
    fn new() -> Self {
        Self(Mutex::new(LimitTable::new(COUNTED)))
    }
}

impl Limiter for NodeLimiter {
    fn take(&self, key: LimitKey, rate: Rate, now: Timestamp) -> LimitDecision {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.take(key, rate, now)
    }

    fn put_back(&self, key: &LimitKey, rate: Rate) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.put_back(key, rate);
    }
}
