//! Fakes for the tests of the services: a store in memory that decides with the same functions as real ones, and ports that write down what
//! they were asked.

mod store;
mod world;

pub(crate) use store::FakeStore;
pub(crate) use world::{World, run};

use manent_types::{Timestamp, UserId};
use uuid::Uuid;

use crate::account::{Account, AccountProvider, AccountStatus};
use crate::email::EmailAddress;
use crate::name::DisplayName;
use crate::password::PasswordHash;
use crate::role::RoleName;
use crate::two_factor::TwoFactor;

/// An account with the password `correct horse`.
pub(crate) fn account(email: &str) -> Account {
    let at = Timestamp::from_millisecond(0).unwrap();
    Account {
        id: UserId::new(Uuid::from_u128(0xacc0)),
        email: EmailAddress::parse(email).unwrap(),
        email_verified: true,
        username: None,
        name: DisplayName::parse("Ada").unwrap(),
        role: RoleName::user(),
        status: AccountStatus::Active,
        provider: AccountProvider::Local,
        openid: None,
        password: Some(PasswordHash::new("strong:correct horse".to_owned())),
        two_factor: TwoFactor::default(),
        terms_accepted_at: None,
        created_at: at,
        updated_at: at,
    }
}
