//! The store, opened for a command, and the services over it.

use std::sync::Arc;

use manent_accounts::AccountError;
use manent_accounts::account::Account;
use manent_accounts::caller::Caller;
use manent_accounts::password::PasswordPolicy;
use manent_accounts::policy::AccountPolicy;
use manent_accounts::ports::{
    AccountRepository, ApiKeyRepository, AuditRepository, BudgetRepository, Clock, IgnoreStandings,
    NoDevices, NoLimits, OneTimeLinkRepository, ProviderKeyRepository, RoleRepository,
    SecretRegistry, SessionRepository, Vault,
};
use manent_accounts::server_secret::SecretMark;
use manent_accounts::services::{
    AccountPorts, AccountService, ApiKeyService, AuditLog, SecretRotation, SessionService,
    TwoFactorService, Unopened,
};
use manent_config::{Config, Mode};
use manent_credentials::passwords::{Argon2Parameters, PasswordLimits, Passwords};
use manent_credentials::server_secret::ServerSecrets;
use manent_credentials::vault::SealingVault;
use manent_credentials::{SecretGenerator, SystemEntropy};
use manent_server::{LOCAL_OWNER, RandomIds, SystemClock, links};
use manent_storage_postgres::PostgresStore;
use manent_storage_sqlite::{SqliteConfig, SqliteStore, look};
use manent_types::UserId;

use super::no_tokens::{NoMail, NoTokens, NoVault};
use crate::arguments::SettingsOptions;
use crate::exit::Failure;
use crate::migrate::store::{OpenStore, Place, postgres_config};
use crate::{configuration, console};

/// What happens where there is no database yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is made.
    Make,
    /// The command says that there is none.
    Refuse,
}

/// An open store with the services of accounts.
pub(super) struct Desk {
    store: OpenStore,
    ports: AccountPorts,
    policy: Arc<AccountPolicy>,
    /// The configuration.
    config: Config,
}

impl Desk {
    /// Opens the configured store, beside a running server too, for a piece of work.
    pub(super) async fn with<T>(
        settings: &SettingsOptions,
        missing: Missing,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let desk = Self::open(settings, missing).await?;
        let outcome = work(&desk).await;
        desk.close().await;
        outcome
    }

    async fn open(settings: &SettingsOptions, missing: Missing) -> Result<Self, Failure> {
        let config = configuration::read(settings)?;
        Self::with_vault(config, missing, Arc::new(NoVault)).await
    }

    /// The same with keys for what is stored encrypted.
    pub(super) async fn with_vault(
        config: Config,
        missing: Missing,
        vault: Arc<dyn Vault>,
    ) -> Result<Self, Failure> {
        let store = open(&config, missing).await?;
        let ports = match &store {
            OpenStore::Sqlite(store) => ports(store, vault),
            OpenStore::Postgres(store) => ports(store, vault),
        };
        let policy = AccountPolicy {
            first_account: Some(LOCAL_OWNER),
            password: PasswordPolicy::new(config.accounts.min_password_length),
            ..AccountPolicy::default()
        };
        Ok(Self {
            store,
            ports: ports?,
            policy: Arc::new(policy),
            config,
        })
    }

    /// In whose name commands act.
    pub(super) fn caller() -> Caller {
        Caller::command_line()
    }

    pub(super) fn ports(&self) -> &AccountPorts {
        &self.ports
    }

    pub(super) fn accounts(&self) -> AccountService {
        AccountService::new(self.ports.clone(), Arc::clone(&self.policy))
    }

    pub(super) fn keys(&self) -> ApiKeyService {
        ApiKeyService::new(self.ports.clone(), Arc::clone(&self.policy))
    }

    pub(super) fn sessions(&self) -> SessionService {
        SessionService::new(self.ports.clone(), Arc::clone(&self.policy))
    }

    pub(super) fn two_factor(&self) -> TwoFactorService {
        TwoFactorService::new(self.ports.clone(), Arc::clone(&self.policy))
    }

    pub(super) fn audit(&self) -> AuditLog {
        AuditLog::new(self.ports.clone(), Arc::clone(&self.policy))
    }

    pub(super) fn rotation(&self) -> SecretRotation {
        SecretRotation::new(self.ports.clone(), Arc::clone(&self.policy))
    }

    /// Takes these secrets for those of the accounts, whichever were before. Answers the number of the one in use, and what does not open.
    pub(super) async fn adopt(&self, secrets: &ServerSecrets) -> Result<(u32, Unopened), Failure> {
        let mark = SecretMark {
            number: secrets.number(),
            fingerprint: secrets.fingerprint().to_string(),
        };
        let ports = AccountPorts {
            vault: Arc::new(SealingVault::new(secrets, Arc::new(SystemEntropy))),
            ..self.ports.clone()
        };
        let rotation = SecretRotation::new(ports, Arc::clone(&self.policy));
        let unopened = rotation.unopened().await.map_err(|error| failure(&error))?;
        let now = SystemClock.now();
        let replaced = match &self.store {
            OpenStore::Sqlite(store) => store.replace_secret(mark.clone(), now).await,
            OpenStore::Postgres(store) => store.replace_secret(mark.clone(), now).await,
        };
        replaced.map_err(|error| failure(&error.into()))?;
        let told = rotation.tell_adopted(&Self::caller(), &mark).await;
        told.map_err(|error| failure(&error))?;
        Ok((secrets.number(), unopened))
    }

    /// The account of somebody who is named by e-mail address or id.
    pub(super) async fn person(&self, name: &str) -> Result<Account, Failure> {
        let unknown = || {
            Failure::Other(format!(
                "there is no account {name}; `manent user list` shows all"
            ))
        };
        if let Ok(id) = name.parse::<UserId>() {
            let found = self.ports.accounts.find(id).await;
            return found
                .map_err(|error| failure(&error.into()))?
                .ok_or_else(unknown);
        }
        match self.accounts().find_by_email(&Self::caller(), name).await {
            Ok(account) => Ok(account),
            Err(AccountError::NotFound) => Err(unknown()),
            Err(error) => Err(failure(&error)),
        }
    }

    /// Every account, by e-mail address.
    pub(super) async fn everybody(&self) -> Result<Vec<Account>, Failure> {
        let (service, caller) = (self.accounts(), Self::caller());
        let mut accounts = Vec::new();
        let mut after = None;
        loop {
            let page = service.list(&caller, after, 200).await;
            let page = page.map_err(|error| failure(&error))?;
            accounts.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(accounts);
            }
        }
    }

    /// Under which address people find the server's page.
    pub(super) fn address(&self) -> String {
        links::page(&self.config)
    }

    /// Says what whoever just changed something may not expect.
    pub(super) fn note_mode(&self) {
        if self.config.mode == Mode::Local {
            console::note(
                "note: this configuration is of the mode local, in which nobody signs in; accounts count with --mode accounts",
            );
        }
    }

    /// Closes the store.
    pub(super) async fn close(self) {
        self.store.close().await;
    }
}

/// What went wrong, in a sentence.
pub(super) fn failure(error: &AccountError) -> Failure {
    match error {
        // As `manent audit verify` tells it.
        AccountError::AuditUnreadable(_) => Failure::Damaged(error.to_string()),
        _ => Failure::Other(error.to_string()),
    }
}

async fn open(config: &Config, missing: Missing) -> Result<OpenStore, Failure> {
    let cannot_open = |error: &dyn std::fmt::Display| Failure::Store(error.to_string());
    match Place::of(config.clone()) {
        Place::Sqlite(directory) => {
            let seen = look(&directory, false).map_err(|error| cannot_open(&error))?;
            if seen.is_none() && missing == Missing::Refuse {
                return Err(Failure::Other(format!(
                    "there is no database in {}; name the directory of the server with --data-dir, or make the first account with `manent user add`",
                    directory.display()
                )));
            }
            let settings = SqliteConfig {
                readers: 1,
                busy_timeout: config.store.lock_wait,
                ..SqliteConfig::new(directory)
            };
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open_beside(settings));
            let opened = opened
                .await
                .map_err(|error| Failure::Other(error.to_string()))?;
            Ok(OpenStore::Sqlite(
                opened.map_err(|error| cannot_open(&error))?,
            ))
        }
        Place::Postgres { url, config } => {
            let opened = PostgresStore::connect(postgres_config(&url, &config)).await;
            Ok(OpenStore::Postgres(
                opened.map_err(|error| cannot_open(&error))?,
            ))
        }
    }
}

fn ports<S>(store: &S, vault: Arc<dyn Vault>) -> Result<AccountPorts, Failure>
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
    let no_entropy = |error: manent_credentials::EntropyError| Failure::Other(error.to_string());
    let store = Arc::new(store.clone());
    let entropy = Arc::new(SystemEntropy);
    let passwords = Passwords::new(
        Argon2Parameters::default(),
        PasswordLimits::default(),
        entropy.clone(),
    );
    Ok(AccountPorts {
        accounts: store.clone(),
        sessions: store.clone(),
        api_keys: store.clone(),
        links: store.clone(),
        roles: store.clone(),
        provider_keys: store.clone(),
        audit: store.clone(),
        budgets: store,
        hasher: Arc::new(passwords.map_err(no_entropy)?),
        minter: Arc::new(NoTokens),
        reader: Arc::new(NoTokens),
        secrets: Arc::new(SecretGenerator::new(entropy).map_err(no_entropy)?),
        vault,
        mailer: Arc::new(NoMail),
        limiter: Arc::new(NoLimits),
        devices: Arc::new(NoDevices),
        standings: Arc::new(IgnoreStandings),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
    })
}
