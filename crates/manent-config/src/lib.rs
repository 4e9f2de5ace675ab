//! The configuration: built-in defaults < LibreChat's own < `manent.toml` < environment < flags.
//!
//! One set of tables (`settings/`, `provider_settings.rs`) is the only place where a key, its default, its range and
//! its description stand; parsing, checks, the sample file and the reference are made from it. Everything comes in as
//! [`Sources`], so nothing here reads the process's environment but [`Platform::detect`]. [`load`] never stops at the
//! first mistake: it collects all of them, each with its place. A secret is never shown.

mod check;
mod config;
mod database;
mod describe;
mod dollars;
mod duration;
mod environment;
mod file;
mod librechat;
mod lists;
mod load;
mod loaded;
mod location;
mod models;
mod origin;
mod problem;
mod provider_settings;
mod providers;
mod raw;
mod secret;
mod setting;
mod settings;
mod sources;
mod suggestion;

pub use config::{
    AccountsConfig, Config, DatabaseConfig, DatabaseUrl, EndpointBinding, HttpConfig,
    JournalConfig, LibreChatConfig, LimitsConfig, LogConfig, LogFormat, MailConfig, MailTls, Mode,
    ModelConfig, OidcConfig, OwnAccess, PriceConfig, ProviderConfig, ProviderKind, Registration,
    RoleRule, RoleSource, RunsConfig, SecureCookies, SseConfig, StoreConfig, Synchronous,
};
pub use config::{ResolvedLimits, UsageLimits};
pub use describe::{reference, sample};
pub use librechat::LibreChatFinding;
pub use load::load;
pub use loaded::Loaded;
pub use location::{FILE_NAME, Location, locate};
pub use origin::Origin;
pub use problem::{InvalidConfig, Problem, Severity};
pub use sources::{Environment, FlagValue, Platform, Sources};
