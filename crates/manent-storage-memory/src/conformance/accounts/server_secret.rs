//! The mark of the server's secret.

use futures_util::future::join_all;
use manent_accounts::ports::SecretRegistry;
use manent_accounts::server_secret::{SecretMark, SecretStanding};

use super::AccountStore;
use crate::conformance::person::at;

fn mark(number: u32, fingerprint: &str) -> SecretMark {
    SecretMark {
        number,
        fingerprint: fingerprint.to_owned(),
    }
}

async fn register(store: &dyn AccountStore, offered: &[SecretMark]) -> SecretStanding {
    let registered = SecretRegistry::register_secret(store, offered.to_vec(), at(1));
    registered.await.unwrap()
}

async fn registered(store: &dyn AccountStore) -> Option<SecretMark> {
    SecretRegistry::registered_secret(store).await.unwrap()
}

/// The first one is taken and each that follows it; another one is told and changes nothing.
pub async fn the_secret_is_known_by_its_mark(store: &dyn AccountStore) {
    assert_eq!(registered(store).await, None);
    let known = SecretStanding::Registered;
    assert_eq!(register(store, &[mark(1, "a")]).await, known);
    assert_eq!(register(store, &[mark(1, "a")]).await, known);
    let foreign = SecretStanding::Foreign { registered: 1 };
    assert_eq!(register(store, &[mark(1, "x")]).await, foreign);
    let misnumbered = SecretStanding::Misnumbered { registered: 1 };
    assert_eq!(register(store, &[mark(2, "a")]).await, misnumbered);
    assert_eq!(registered(store).await, Some(mark(1, "a")));
    assert_eq!(register(store, &[mark(2, "b"), mark(1, "a")]).await, known);
    assert_eq!(registered(store).await, Some(mark(2, "b")));
}

/// Deliberately.
pub async fn a_secret_is_replaced_when_asked(store: &dyn AccountStore) {
    for new in [mark(1, "a"), mark(1, "x")] {
        SecretRegistry::replace_secret(store, new.clone(), at(2))
            .await
            .unwrap();
        assert_eq!(registered(store).await, Some(new.clone()));
        assert_eq!(register(store, &[new]).await, SecretStanding::Registered);
    }
}

/// Servers with a secret each of their own.
pub async fn of_many_secrets_at_once_one_is_registered(store: &dyn AccountStore) {
    let names = ["a", "b", "c", "d", "e", "f"];
    let standings = names.map(|name| async move { register(store, &[mark(1, name)]).await });
    let standings = join_all(standings).await;
    let is_let_in = |standing: &&SecretStanding| **standing == SecretStanding::Registered;
    assert_eq!(standings.iter().filter(is_let_in).count(), 1);
}
