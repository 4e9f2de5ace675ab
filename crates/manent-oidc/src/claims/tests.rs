use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn claims(value: Value) -> Claims {
    match value {
        Value::Object(claims) => claims,
        other => panic!("{other}"),
    }
}

fn rule(roles: &[&str], path: &str, source: RoleSource) -> RoleRule {
    RoleRule {
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        path: path.split('.').map(str::to_owned).collect(),
        source,
    }
}

fn settings() -> ProviderSettings {
    ProviderSettings {
        issuer: "https://login.example.org".to_owned(),
        client_id: "manent".to_owned(),
        client_secret: None,
        scopes: vec!["openid".to_owned()],
        claims: ClaimNames::default(),
        trust_email: false,
        required: rule(&[], "roles", RoleSource::IdToken),
        admin: rule(&[], "roles", RoleSource::IdToken),
        audiences: Vec::new(),
        timeout: Duration::from_secs(1),
    }
}

fn of_token(settings: &ProviderSettings, token: Value) -> Person {
    let sources = Sources {
        token: claims(token),
        ..Sources::default()
    };
    sources.person(settings, "i".to_owned(), "s".to_owned())
}

#[test]
fn the_usual_claims_tell_who_somebody_is() {
    let person = of_token(
        &settings(),
        json!({"email": " ada@example.org", "email_verified": true, "preferred_username": "ada", "given_name": "Ada", "family_name": "Lovelace"}),
    );
    let expected = Person {
        issuer: "i".to_owned(),
        subject: "s".to_owned(),
        email: Some("ada@example.org".to_owned()),
        is_email_verified: true,
        username: Some("ada".to_owned()),
        name: Some("Ada Lovelace".to_owned()),
        has_required_role: true,
        is_administrator: None,
    };
    assert_eq!(person, expected);
}

#[test]
fn an_address_is_found_where_it_stands_and_is_verified_only_as_far_as_it_is_said() {
    let email = |settings: &ProviderSettings, token| {
        let person = of_token(settings, token);
        (person.email.unwrap_or_default(), person.is_email_verified)
    };
    let usual = settings();
    let found = |text: &str, is_verified| (text.to_owned(), is_verified);
    let upn = json!({"preferred_username": "ada", "upn": "a@b.c", "email_verified": true});
    assert_eq!(email(&usual, upn), found("a@b.c", false), "not that one");
    let text = json!({"email": "a@b.c", "email_verified": "true"});
    assert_eq!(email(&usual, text), found("a@b.c", true));
    assert_eq!(
        email(&usual, json!({"email": "a@b.c"})),
        found("a@b.c", false)
    );
    assert_eq!(
        email(&usual, json!({"email": "a@b.c", "email_verified": 1})),
        found("a@b.c", false)
    );
    assert_eq!(email(&usual, json!({"email": ["a@b.c"]})), found("", false));
    let trusting = ProviderSettings {
        trust_email: true,
        claims: ClaimNames {
            email: Some("mail".to_owned()),
            ..ClaimNames::default()
        },
        ..settings()
    };
    let mail = json!({"mail": "x@y.z", "email": "a@b.c"});
    assert_eq!(email(&trusting, mail), found("x@y.z", true));
}

#[test]
fn what_the_userinfo_endpoint_says_of_another_address_does_not_count() {
    let person = |user_info| {
        let sources = Sources {
            token: claims(json!({"email": "a@b.c"})),
            user_info: Some(claims(user_info)),
            ..Sources::default()
        };
        sources.person(&settings(), "i".to_owned(), "s".to_owned())
    };
    let same = person(json!({"email": "a@b.c", "email_verified": true, "name": "Ada"}));
    assert_eq!(
        (same.is_email_verified, same.name.as_deref()),
        (true, Some("Ada"))
    );
    let other = person(json!({"email": "x@y.z", "email_verified": true}));
    assert_eq!(
        (other.is_email_verified, other.email.as_deref()),
        (false, Some("a@b.c"))
    );
}

#[test]
fn roles_are_found_at_the_end_of_their_path() {
    let tokens = claims(json!({
        "roles": ["reader", "writer"],
        "scope": "openid chat",
        "realm_access": {"roles": ["user"]},
        "https://example.org/roles": ["far"],
        "resource": {"my.client": {"roles": ["deep"]}},
        "number": 1,
    }));
    for (path, role, expected) in [
        ("roles", "writer", true),
        ("roles", "write", false),
        ("scope", "chat", true),
        ("scope", "openid chat", true),
        ("scope", "cha", false),
        ("realm_access.roles", "user", true),
        ("realm_access", "user", false),
        ("realm_access.roles.user", "user", false),
        ("https://example.org/roles", "far", true),
        ("resource.my.client.roles", "deep", true),
        ("number", "1", false),
        ("nothing.there", "x", false),
    ] {
        let rule = rule(&["other", role], path, RoleSource::IdToken);
        assert_eq!(has_role(&tokens, &rule), expected, "{path} {role}");
    }
}

#[test]
fn a_role_counts_only_where_it_is_looked_for() {
    let settings = ProviderSettings {
        required: rule(&["user"], "roles", RoleSource::AccessToken),
        admin: rule(&["admin"], "roles", RoleSource::IdToken),
        ..settings()
    };
    let person = |token, access_token: Option<Value>| {
        let sources = Sources {
            token: claims(token),
            access_token: access_token.map(claims),
            user_info: None,
        };
        let person = sources.person(&settings, "i".to_owned(), "s".to_owned());
        (person.has_required_role, person.is_administrator)
    };
    let both = json!({"roles": ["user", "admin"]});
    assert_eq!(person(both.clone(), None), (false, Some(true)));
    assert_eq!(person(json!({}), Some(both)), (true, Some(false)));
}

proptest! {
    #[test]
    fn no_claims_do_harm(keys in prop::collection::vec("[a-z._]{0,6}", 0..6), path in "[a-z.]{0,12}") {
        let mut value = json!({"email_verified": "x", "email": {"a": 1}});
        for key in keys {
            value = json!({key: value, "email": "\u{0}@"});
        }
        let settings = ProviderSettings {
            required: rule(&["x"], &path, RoleSource::IdToken),
            ..settings()
        };
        let person = of_token(&settings, value);
        prop_assert!(!person.is_email_verified);
    }
}
