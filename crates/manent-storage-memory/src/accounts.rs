//! The ports of accounts.

mod api_keys;
mod audit;
mod budgets;
mod deletion;
mod links;
mod provider_keys;
mod repository;
mod roles;
mod secret;
mod sessions;
mod state;
mod transfer;

pub(crate) use state::AccountState;
