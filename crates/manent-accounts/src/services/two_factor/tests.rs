use std::time::Duration;

use super::*;
use crate::testing::{World, account, run};

struct Person {
    world: World,
    caller: Caller,
}

impl Person {
    fn new() -> Self {
        let world = World::with_account(account("ada@example.org"));
        let caller = world.caller(&world.signed_in("ada@example.org"));
        Self { world, caller }
    }

    fn begin(&self, proof: Option<SecondFactor>) -> Result<BegunTwoFactor, AccountError> {
        run(self.world.two_factor().begin(&self.caller, proof))
    }

    fn code(&self, begun: &BegunTwoFactor) -> SecretString {
        let secret = TotpSecret::from_base32(begun.secret.expose_secret()).unwrap();
        secret.code_at(self.world.now()).into()
    }

    fn factor(&self, begun: &BegunTwoFactor) -> SecondFactor {
        SecondFactor::Code(self.code(begun))
    }

    fn confirm(&self, code: SecretString) -> Result<(), AccountError> {
        run(self.world.two_factor().confirm(&self.caller, code))
    }

    fn is_enabled(&self) -> bool {
        let state = self.world.store.state();
        state.accounts[&self.caller.owner().unwrap()]
            .two_factor
            .is_enabled()
    }
}

#[test]
fn is_begun_checked_and_confirmed_with_the_same_code() {
    let person = Person::new();
    assert_eq!(
        person.confirm("123456".into()),
        Err(AccountError::TwoFactorNotBegun)
    );
    let begun = person.begin(None).unwrap();
    assert_eq!(begun.backup_codes.len(), BACKUP_CODES);
    let url = begun.otpauth_url.expose_secret();
    assert!(
        url.starts_with("otpauth://totp/Manent:ada%40example.org?secret="),
        "{url}"
    );
    let two_factor = person.world.two_factor();
    run(two_factor.check(&person.caller, person.factor(&begun))).unwrap();
    assert_eq!(
        person.confirm("000000".into()),
        Err(AccountError::SecondFactorWrong)
    );
    assert!(!person.is_enabled());
    assert_eq!(person.confirm(person.code(&begun)), Ok(()));
    assert!(person.is_enabled());
}

#[test]
fn beginning_anew_needs_a_proof_and_keeps_the_old_one_until_confirmed() {
    let person = Person::new();
    let first = person.begin(None).unwrap();
    person.confirm(person.code(&first)).unwrap();
    assert_eq!(
        person.begin(None).unwrap_err(),
        AccountError::SecondFactorNeeded
    );
    // The code that confirmed was used up by it.
    let used = person.begin(Some(person.factor(&first))).unwrap_err();
    assert_eq!(used, AccountError::SecondFactorWrong);
    person.world.wait(Duration::from_secs(30));
    let second = person.begin(Some(person.factor(&first))).unwrap();
    person.world.wait(Duration::from_secs(30));
    let old = person.factor(&first);
    run(person.world.two_factor().check(&person.caller, old)).unwrap();
    person.confirm(person.code(&second)).unwrap();
    person.world.wait(Duration::from_secs(30));
    let old = person.factor(&first);
    let refused = run(person.world.two_factor().disable(&person.caller, old));
    assert_eq!(refused, Err(AccountError::SecondFactorWrong));
}

#[test]
fn is_switched_off_with_a_code_or_a_backup_code() {
    let person = Person::new();
    let begun = person.begin(None).unwrap();
    person.confirm(person.code(&begun)).unwrap();
    let two_factor = person.world.two_factor();
    let wrong = SecondFactor::BackupCode("ffffffff".into());
    let refused = run(two_factor.disable(&person.caller, wrong));
    assert_eq!(refused, Err(AccountError::SecondFactorWrong));
    let typed = format!(" {} ", begun.backup_codes[0].expose_secret().to_uppercase());
    let backup = SecondFactor::BackupCode(typed.into());
    assert_eq!(run(two_factor.disable(&person.caller, backup)), Ok(()));
    assert!(!person.is_enabled());
    let audited = person.world.audited();
    assert_eq!(
        audited[1..],
        [
            AuditKind::TwoFactorBegun,
            AuditKind::TwoFactorEnabled,
            AuditKind::TwoFactorRefused,
            AuditKind::TwoFactorDisabled,
        ]
    );
}

#[test]
fn new_backup_codes_take_the_place_of_the_old_ones() {
    let person = Person::new();
    let begun = person.begin(None).unwrap();
    person.confirm(person.code(&begun)).unwrap();
    person.world.wait(Duration::from_secs(30));
    let two_factor = person.world.two_factor();
    let replaced = two_factor.replace_backup_codes(&person.caller, person.factor(&begun));
    let (codes, stored) = run(replaced).unwrap();
    assert_eq!((codes.len(), stored.len()), (BACKUP_CODES, BACKUP_CODES));
    let check = |code: &SecretString| {
        run(two_factor.check(&person.caller, SecondFactor::BackupCode(code.clone())))
    };
    assert_eq!(
        check(&begun.backup_codes[1]),
        Err(AccountError::SecondFactorWrong)
    );
    assert_eq!(check(&codes[1]), Ok(()));
    assert_eq!(check(&codes[1]), Err(AccountError::SecondFactorWrong));
}

#[test]
fn deleting_an_account_with_a_second_factor_needs_it() {
    let person = Person::new();
    let begun = person.begin(None).unwrap();
    person.confirm(person.code(&begun)).unwrap();
    let delete = |factor| {
        run(person
            .world
            .accounts()
            .delete_own(&person.caller, None, factor))
    };
    assert_eq!(delete(None), Err(AccountError::SecondFactorNeeded));
    let wrong = SecondFactor::Code("000000".into());
    assert_eq!(delete(Some(wrong)), Err(AccountError::SecondFactorWrong));
    person.world.wait(Duration::from_secs(30));
    assert_eq!(delete(Some(person.factor(&begun))), Ok(()));
}

#[test]
fn an_administrator_helps_who_lost_everything() {
    let person = Person::new();
    let begun = person.begin(None).unwrap();
    person.confirm(person.code(&begun)).unwrap();
    let two_factor = person.world.two_factor();
    let owner = person.caller.owner().unwrap();
    let own = run(two_factor.disable_for(&person.caller, owner));
    assert_eq!(own, Err(AccountError::Forbidden));
    run(two_factor.disable_for(&Caller::command_line(), owner)).unwrap();
    assert!(!person.is_enabled());
}

#[test]
fn a_rotation_encrypts_second_factors_and_provider_keys_anew_and_they_still_work() {
    let person = Person::new();
    let begun = person.begin(None).unwrap();
    person.confirm(person.code(&begun)).unwrap();
    let keys = person.world.provider_keys();
    run(keys.put(&person.caller, "openAI", &"sk-1".into(), None)).unwrap();
    person
        .world
        .vault
        .0
        .store(2, std::sync::atomic::Ordering::SeqCst);
    let rotation = person.world.rotation();
    let rotated = |provider_keys, two_factor_secrets| crate::services::Rotated {
        provider_keys,
        two_factor_secrets,
    };
    let admin = Caller::command_line();
    assert_eq!(run(rotation.run(&admin)), Ok(rotated(1, 1)));
    assert_eq!(run(rotation.run(&admin)), Ok(rotated(0, 0)));
    person.world.wait(Duration::from_secs(30));
    run(person
        .world
        .two_factor()
        .check(&person.caller, person.factor(&begun)))
    .unwrap();
    let opened = run(keys.open(person.caller.owner().unwrap(), "openAI")).unwrap();
    assert!(
        matches!(opened, crate::services::OpenedKey::Key(key) if key.expose_secret() == "sk-1")
    );
}

#[test]
fn a_second_factor_whose_secret_is_lost_is_told_and_the_backup_codes_still_work() {
    let person = Person::new();
    let begun = person.begin(None).unwrap();
    person.confirm(person.code(&begun)).unwrap();
    let id = person.caller.owner().unwrap();
    {
        let mut state = person.world.store.state();
        let account = state.accounts.get_mut(&id).unwrap();
        account.two_factor.active.as_mut().unwrap().secret.blob = b"of another secret".to_vec();
    }
    let two_factor = person.world.two_factor();
    let unopened = run(person.world.rotation().unopened()).unwrap();
    assert_eq!((unopened.second_factors, unopened.provider_keys), (1, 0));
    let refused = run(two_factor.check(&person.caller, SecondFactor::Code("123456".into())));
    assert_eq!(refused, Err(AccountError::SecondFactorUnreadable));
    let backup = SecondFactor::BackupCode(begun.backup_codes[0].clone());
    assert_eq!(run(two_factor.disable(&person.caller, backup)), Ok(()));
    assert!(!person.is_enabled());
}
