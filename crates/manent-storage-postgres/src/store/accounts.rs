//! The ports of accounts: plain transactions, which lock the rows that they decide over. They do not go through the writers, whose groups
//! are for what comes by the thousand.

mod api_keys;
mod audit;
mod budgets;
mod change;
mod deletion;
mod links;
mod provider_keys;
mod repository;
mod roles;
mod rows;
mod secret;
mod sessions;
mod transfer;
mod unit;

pub(super) use transfer::{import_accounts, read_accounts};
