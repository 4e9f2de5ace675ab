//! What the services need from the world. Adapters implement these traits; nothing else reaches a store, a clock or a key.
//!
//! Every method of a repository is one atomic unit of work. Where a method takes an [`crate::audit::AuditDraft`], the store appends it to the
//! audit log in the same unit, as [`crate::audit::AuditHead::next`] makes it, when the unit changed something or the method says otherwise;
//! taking the head of the log is the last thing in a unit, since it makes units wait for each other.

mod accounts;
mod api_keys;
mod audit;
mod budgets;
mod devices;
mod limiter;
mod links;
mod listener;
mod mail;
mod passwords;
mod provider_keys;
mod roles;
mod secrets;
mod server_secret;
mod sessions;
mod tokens;
mod vault;

pub use accounts::{AccountRepository, Changed, Deleted};
pub use api_keys::{ApiKeyRepository, KeyCreated};
pub use audit::{AuditFilter, AuditRepository};
pub use budgets::{BudgetRepository, Settlement};
pub use devices::{DeviceMarks, NoDevices};
pub use limiter::{Limiter, NoLimits};
pub use links::OneTimeLinkRepository;
pub use listener::{IgnoreStandings, StandingListener};
pub use mail::{Mail, MailContent, Mailer};
pub use manent_domain::ports::{Clock, IdSource, StoreError};
pub use passwords::{HashError, PasswordHasher, PasswordMatch};
pub use provider_keys::ProviderKeyRepository;
pub use roles::{RoleRepository, StoredRole};
pub use secrets::{PresentedApiKey, SecretSource};
pub use server_secret::SecretRegistry;
pub use sessions::{Refreshed, SessionRepository};
pub use tokens::{
    AccessClaims, RefreshClaims, TokenError, TokenMinter, TokenReader, TwoFactorClaims,
};
pub use vault::{Vault, VaultError, VaultUse};
