use secrecy::ExposeSecret;

use super::*;
use crate::limits::Rate;
use crate::testing::{World, account, run};

fn request(email: &str) -> SignUp {
    SignUp {
        name: "Ada".to_owned(),
        username: Some(" ".to_owned()),
        email: email.to_owned(),
        password: "correct horse".into(),
        invitation: None,
    }
}

fn sign_up(world: &World, request: SignUp) -> Result<(), AccountError> {
    run(world.sign_up().sign_up(request, &Origin::default()))
}

fn roles(world: &World) -> Vec<(String, RoleName)> {
    let state = world.store.state();
    let accounts = state.accounts.values();
    accounts
        .map(|account| (account.email.to_string(), account.role.clone()))
        .collect()
}

#[test]
fn the_first_is_an_administrator_and_the_others_are_users() {
    let mut world = World::new();
    let local = UserId::new(uuid::Uuid::from_u128(1));
    world.policy.first_account = Some(local);
    sign_up(&world, request("Ada@example.org ")).unwrap();
    sign_up(&world, request("bob@example.org")).unwrap();
    assert_eq!(
        roles(&world),
        [
            ("ada@example.org".to_owned(), RoleName::admin()),
            ("bob@example.org".to_owned(), RoleName::user()),
        ]
    );
    assert!(world.store.state().accounts.contains_key(&local));
    world.signed_in("ada@example.org");
    world.signed_in("bob@example.org");
}

#[test]
fn an_address_that_has_an_account_gets_the_same_answer_for_the_same_work_and_a_mail() {
    let world = World::with_mail();
    world
        .store
        .state()
        .accounts
        .insert(account("ada@example.org").id, account("ada@example.org"));
    sign_up(&world, request("new@example.org")).unwrap();
    let new = (world.trace(), world.mails());
    sign_up(&world, request("ada@example.org")).unwrap();
    let known = (world.trace(), world.mails());
    assert_eq!(new.0, known.0);
    assert!(matches!(
        (&new.1[0].content, &known.1[0].content),
        (
            MailContent::EmailVerification { .. },
            MailContent::SignUpWithKnownAddress
        )
    ));
    assert_eq!(known.1[0].to.as_str(), "ada@example.org");
    assert_eq!(
        world.audited(),
        [AuditKind::AccountCreated, AuditKind::SignUpRefused]
    );
    assert_eq!(roles(&world).len(), 2);
}

#[test]
fn a_new_address_waits_to_be_verified_where_mail_is_configured() {
    let world = World::with_mail();
    sign_up(&world, request("ada@example.org")).unwrap();
    let signed_in = run(world.sign_in().sign_in(
        "ada@example.org",
        "correct horse".into(),
        None,
        &Origin::default(),
    ));
    assert_eq!(signed_in.unwrap_err(), AccountError::EmailNotVerified);
    let mails = world.mails();
    let MailContent::EmailVerification { secret } = &mails[0].content else {
        panic!("not a verification: {mails:?}");
    };
    let accounts = world.accounts();
    run(accounts.verify_email(secret, &Origin::default())).unwrap();
    world.signed_in("ada@example.org");
    let again = run(accounts.verify_email(secret, &Origin::default()));
    assert_eq!(again.unwrap_err(), AccountError::LinkInvalid);
}

#[test]
fn modes_say_who_may_sign_up() {
    let mut world = World::new();
    world.policy.sign_up = SignUpMode::Off;
    let refused = |world: &World, email| sign_up(world, request(email)).unwrap_err();
    assert_eq!(refused(&world, "a@example.org"), AccountError::SignUpOff);
    world.policy.sign_up = SignUpMode::Invitation;
    assert_eq!(
        refused(&world, "a@example.org"),
        AccountError::InvitationInvalid
    );
    world.policy.sign_up = SignUpMode::Domains(vec!["Example.org".to_owned()]);
    assert_eq!(
        refused(&world, "a@example.com"),
        AccountError::DomainNotAllowed
    );
    assert_eq!(sign_up(&world, request("a@example.org")), Ok(()));
    world.policy.passwords = false;
    assert_eq!(refused(&world, "b@example.org"), AccountError::PasswordsOff);
}

#[test]
fn an_invitation_lets_its_person_in_once_whatever_the_mode() {
    for mode in [SignUpMode::Off, SignUpMode::Invitation] {
        let mut world = World::with_account(account("ada@example.org"));
        world.policy.sign_up = mode;
        let role = RoleName::parse("guest").unwrap();
        let caller = crate::caller::Caller::command_line();
        let email = Some("eve@example.org");
        let unknown = run(world.invitations().invite(&caller, email, role.clone()));
        assert!(matches!(
            unknown,
            Err(AccountError::Invalid { field: "role", .. })
        ));
        let guest = crate::role::Permissions::default();
        run(world.roles().change(&caller, "guest", guest)).unwrap();
        let invitation = run(world.invitations().invite(&caller, email, role.clone())).unwrap();
        let invited = |email: &str, secret: &str| SignUp {
            invitation: Some(secret.into()),
            ..request(email)
        };
        let secret = invitation.secret.expose_secret();
        let refused = |email, secret| sign_up(&world, invited(email, secret)).unwrap_err();
        assert_eq!(
            refused("other@example.org", secret),
            AccountError::InvitationInvalid
        );
        assert_eq!(
            refused("eve@example.org", "guessed"),
            AccountError::InvitationInvalid
        );
        assert_eq!(sign_up(&world, invited("eve@example.org", secret)), Ok(()));
        assert_eq!(
            refused("eve@example.org", secret),
            AccountError::InvitationInvalid
        );
        assert!(roles(&world).contains(&("eve@example.org".to_owned(), role)));
        assert_eq!(run(world.invitations().list(&caller)).unwrap(), []);
    }
}

#[test]
fn fields_outside_their_rules_are_named() {
    let world = World::new();
    let field = |request| match sign_up(&world, request).unwrap_err() {
        AccountError::Invalid { field, .. } => field,
        other => panic!("{other}"),
    };
    let good = || request("a@example.org");
    assert_eq!(field(request("nobody")), "email");
    assert_eq!(
        field(SignUp {
            name: String::new(),
            ..good()
        }),
        "name"
    );
    assert_eq!(
        field(SignUp {
            password: "short".into(),
            ..good()
        }),
        "password"
    );
    assert_eq!(
        field(SignUp {
            username: Some("<b>".to_owned()),
            ..good()
        }),
        "username"
    );
    assert_eq!(world.store.state().trace, Vec::<&str>::new());
}

#[test]
fn sign_ups_from_one_address_are_limited() {
    let mut world = World::new();
    world.policy.rates.sign_up = Rate::new(2, std::time::Duration::from_mins(1));
    let from = |last: u8| Origin {
        address: Some([192, 0, 2, last].into()),
        label: None,
    };
    let sign_up = |email: &str, origin| run(world.sign_up().sign_up(request(email), &origin));
    assert_eq!(sign_up("a@example.org", from(1)), Ok(()));
    assert_eq!(sign_up("a@example.org", from(1)), Ok(()));
    assert!(matches!(
        sign_up("b@example.org", from(1)),
        Err(AccountError::TooManyAttempts { .. })
    ));
    assert_eq!(sign_up("b@example.org", from(2)), Ok(()));
}
