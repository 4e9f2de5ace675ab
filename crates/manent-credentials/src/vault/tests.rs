use manent_accounts::provider_key::EndpointName;
use manent_types::{SessionId, UserId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::entropy::SystemEntropy;
use crate::entropy::testing::NoEntropy;
use crate::key::testing::keys;

const SECRET: &str = "sk-proj-0123456789";

fn vault_of(current: u8, previous: &[u8]) -> SealingVault {
    SealingVault {
        keys: keys(current, previous),
        entropy: Arc::new(SystemEntropy),
    }
}

fn vault() -> SealingVault {
    vault_of(1, &[])
}

fn owner(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn provider_key(number: u128, endpoint: &str) -> VaultUse {
    VaultUse::ProviderKey {
        owner: owner(number),
        endpoint: EndpointName::parse(endpoint).unwrap(),
    }
}

fn seal(vault: &SealingVault, purpose: &VaultUse, secret: &str) -> SealedSecret {
    vault.seal(purpose, &SecretString::from(secret)).unwrap()
}

fn open(
    vault: &SealingVault,
    purpose: &VaultUse,
    sealed: &SealedSecret,
) -> Result<String, VaultError> {
    let opened = vault.open(purpose, sealed)?;
    Ok(opened.expose_secret().to_owned())
}

#[test]
fn opens_what_libsodium_sealed() {
    // With the key of 32 times 1 and the nonce of 24 times 2, for the key of owner 1 for "openAI".
    let blob = concat!(
        "020202020202020202020202020202020202020202020202bf0d1b9fd8",
        "189660905053a246654fa9f5ec82d70bc7542c5531eb069e54346474c5",
    );
    let blob = data_encoding::HEXLOWER.decode(blob.as_bytes()).unwrap();
    let sealed = SealedSecret {
        key_version: 1,
        blob,
    };
    let opened = open(&vault(), &provider_key(1, "openAI"), &sealed);
    assert_eq!(opened.as_deref(), Ok(SECRET));
}

#[test]
fn the_same_secret_is_another_blob_each_time() {
    let purpose = provider_key(1, "openAI");
    assert_ne!(
        seal(&vault(), &purpose, SECRET).blob,
        seal(&vault(), &purpose, SECRET).blob
    );
}

#[test]
fn a_blob_in_the_place_of_another_one_does_not_open() {
    let vault = vault_of(2, &[1]);
    let uses = [
        provider_key(1, "openAI"),
        provider_key(1, "openAi"),
        provider_key(1, "anthropic"),
        provider_key(2, "openAI"),
        VaultUse::TwoFactor { owner: owner(1) },
        VaultUse::TwoFactor { owner: owner(2) },
        VaultUse::ProviderTransaction,
        VaultUse::IdToken {
            session: SessionId::new(owner(1).as_uuid()),
        },
        VaultUse::IdToken {
            session: SessionId::new(owner(2).as_uuid()),
        },
    ];
    for sealed_for in &uses {
        let sealed = seal(&vault, sealed_for, SECRET);
        for opened_for in &uses {
            let expected = if sealed_for == opened_for {
                Ok(SECRET)
            } else {
                Err(VaultError::Refused)
            };
            let opened = open(&vault, opened_for, &sealed);
            assert_eq!(opened.as_deref(), expected.as_deref(), "{opened_for:?}");
        }
    }
}

#[test]
fn a_blob_whose_key_was_changed_does_not_open() {
    let purpose = provider_key(1, "openAI");
    let vault = vault_of(2, &[1]);
    let sealed = SealedSecret {
        key_version: 1,
        ..seal(&vault, &purpose, SECRET)
    };
    assert_eq!(open(&vault, &purpose, &sealed), Err(VaultError::Refused));
    // Not even under another number of the very same key.
    let mut same_key_twice = keys(2, &[]);
    same_key_twice = KeySet::new(
        same_key_twice.current().clone(),
        vec![crate::key::NumberedKey {
            number: 1,
            ..same_key_twice.current().clone()
        }],
    );
    let vault = SealingVault {
        keys: same_key_twice,
        entropy: Arc::new(SystemEntropy),
    };
    assert_eq!(open(&vault, &purpose, &sealed), Err(VaultError::Refused));
}

#[test]
fn older_keys_open_until_they_are_gone_and_the_newest_seals() {
    let purpose = provider_key(1, "openAI");
    let old = seal(&vault(), &purpose, SECRET);
    let rotated = vault_of(2, &[1]);
    assert_eq!(open(&rotated, &purpose, &old).as_deref(), Ok(SECRET));
    assert_eq!(seal(&rotated, &purpose, SECRET).key_version, 2);
    let error = open(&vault_of(2, &[]), &purpose, &old);
    assert_eq!(error, Err(VaultError::UnknownKey { version: 1 }));
}

#[test]
fn what_was_opened_with_an_old_key_and_sealed_anew_opens_without_the_old_key() {
    let purpose = provider_key(1, "openAI");
    let old = seal(&vault(), &purpose, SECRET);
    let rotated = vault_of(2, &[1]);
    assert!(old.key_version < rotated.key_version());
    let opened = rotated.open(&purpose, &old).unwrap();
    let new = rotated.seal(&purpose, &opened).unwrap();
    assert_eq!(new.key_version, rotated.key_version());
    let later = vault_of(2, &[]);
    assert_eq!(open(&later, &purpose, &new).as_deref(), Ok(SECRET));
}

#[test]
fn the_keys_come_from_the_secrets_with_their_numbers() {
    let purpose = VaultUse::TwoFactor { owner: owner(1) };
    let secrets = ServerSecrets::generate(&SystemEntropy).unwrap();
    let vault = |secrets: &ServerSecrets| SealingVault::new(secrets, Arc::new(SystemEntropy));
    let sealed = seal(&vault(&secrets), &purpose, SECRET);
    let rotated = vault(&secrets.rotated(&SystemEntropy).unwrap());
    assert_eq!(rotated.key_version(), 2);
    assert_eq!(open(&rotated, &purpose, &sealed).as_deref(), Ok(SECRET));
    let other = vault(&ServerSecrets::generate(&SystemEntropy).unwrap());
    assert_eq!(open(&other, &purpose, &sealed), Err(VaultError::Refused));
}

#[test]
fn secrets_have_a_bound() {
    let purpose = provider_key(1, "openAI");
    let longest = "x".repeat(LONGEST_SECRET);
    let sealed = seal(&vault(), &purpose, &longest);
    assert_eq!(open(&vault(), &purpose, &sealed), Ok(longest.clone()));
    let longer = SecretString::from(format!("{longest}x"));
    let refused = vault().seal(&purpose, &longer);
    assert!(matches!(refused, Err(VaultError::Failed { .. })));
    let huge = SealedSecret {
        key_version: 1,
        blob: vec![0; LONGEST_SECRET + NONCE_LENGTH + TAG_LENGTH + 1],
    };
    assert_eq!(open(&vault(), &purpose, &huge), Err(VaultError::Refused));
}

#[test]
fn seals_nothing_without_randomness_and_opens_all_the_same() {
    let purpose = provider_key(1, "openAI");
    let sealed = seal(&vault(), &purpose, SECRET);
    let dry = SealingVault {
        entropy: Arc::new(NoEntropy),
        ..vault()
    };
    let refused = dry.seal(&purpose, &SecretString::from(SECRET));
    assert!(matches!(refused, Err(VaultError::Failed { .. })));
    assert_eq!(open(&dry, &purpose, &sealed).as_deref(), Ok(SECRET));
}

#[test]
fn neither_debug_nor_errors_say_anything_of_secrets_and_keys() {
    let sealed = seal(&vault(), &provider_key(1, "openAI"), SECRET);
    let other = provider_key(2, "openAI");
    let printed = format!(
        "{:?} {sealed:?} {}",
        vault(),
        vault().open(&other, &sealed).unwrap_err()
    );
    assert_eq!(
        printed,
        "SealingVault { key_version: 1, .. } SealedSecret(key 1, ..) the secret cannot be opened"
    );
}

proptest! {
    #[test]
    fn opens_what_it_sealed(number: u128, endpoint in "[a-zA-Z0-9.]{1,100}", secret in any::<String>()) {
        let purpose = provider_key(number, &endpoint);
        let sealed = seal(&vault(), &purpose, &secret);
        prop_assert_eq!(sealed.blob.len(), NONCE_LENGTH + secret.len() + TAG_LENGTH);
        prop_assert_eq!(open(&vault(), &purpose, &sealed), Ok(secret));
    }

    #[test]
    fn a_blob_that_was_cut_or_of_which_one_bit_is_another_does_not_open(secret in ".{0,50}", place: prop::sample::Index) {
        let purpose = VaultUse::TwoFactor { owner: owner(1) };
        let sealed = seal(&vault(), &purpose, &secret);
        let changed = |blob: Vec<u8>| open(&vault(), &purpose, &SealedSecret { key_version: 1, blob });
        let mut flipped = sealed.blob.clone();
        let bit = place.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(changed(flipped), Err(VaultError::Refused));
        let cut = place.index(sealed.blob.len());
        prop_assert_eq!(changed(sealed.blob[..cut].to_vec()), Err(VaultError::Refused));
        prop_assert_eq!(changed(sealed.blob[cut + 1..].to_vec()), Err(VaultError::Refused));
        let mut longer = sealed.blob;
        longer.push(0);
        prop_assert_eq!(changed(longer), Err(VaultError::Refused));
    }

    #[test]
    fn takes_any_blob_without_panic(blob: Vec<u8>, key_version: u32) {
        let sealed = SealedSecret { key_version, blob };
        prop_assert!(open(&vault(), &provider_key(1, "openAI"), &sealed).is_err());
    }
}
